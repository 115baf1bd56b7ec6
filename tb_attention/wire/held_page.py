"""What a stand-alone page holds: the answers of the plugin's routes, and the names of the arrays in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tb_attention.wire import structs
from tb_attention.wire.answers import runs_answer

BODY_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "thumbnails": ("set",),
    "image": ("set", "sample", "input"),
    "audio": ("set", "sample", "input"),
    "overview": ("step", "sample"),
    "weights": ("step", "sample", "site"),
    "features": ("step", "sample", "site"),
    "sink": ("step", "sample", "site"),
    "pictures": ("step", "sample"),
    "measures": ("sample",),
    "matrix": ("step", "split"),
    "labels": ("step", "split"),
    "histogram": ("step", "split"),
    "order": ("step",),
}
"""The parameters of a route that the names of its arrays in a stand-alone page consist of, in order."""


def body_name(route: str, series: int, **parameters: object) -> str:
    """The name of an array in a stand-alone page.

    Args:
        route: The route that answers with it.
        series: The index of its series in the page.
        parameters: Those of the route.
    """
    values = (parameters[name] for name in BODY_PARAMETERS[route])
    return "/".join(map(str, (route, series, *values)))


def held_index(
    run: str,
    series: Sequence[structs.SeriesAnswer],
    samples: Sequence[Mapping[str, structs.SamplesAnswer]],
    bodies: Iterable[str],
) -> structs.HeldIndex:
    """The first line of a stand-alone page.

    Args:
        run: What the page calls its only run.
        series: The answer of `series` for each of its series.
        samples: For each series the answers of `samples`, by name of the set.
        bodies: Names of the arrays, in order.
    """
    entries = tuple(
        structs.SeriesEntry(
            tag=answer.tag,
            content=answer.content,
            attempts=answer.attempts,
            steps=len(answer.steps),
            version=answer.version,
            status=answer.status,
            only_events=False,
        )
        for answer in series
    )
    held = structs.HeldAnswers(
        runs_answer("", [structs.RunEntry(run, entries)]), tuple(series), tuple(map(dict, samples))
    )
    return structs.HeldIndex(held, {name: line for line, name in enumerate(bodies)}, dict(BODY_PARAMETERS))
