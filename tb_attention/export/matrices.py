"""What a series of confusion matrices puts into a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tb_attention.export.answers import series_answer, step_answer
from tb_attention.export.bodies import Body, made, stored
from tb_attention.export.series_part import SeriesPart
from tb_attention.records.archive import Archive
from tb_attention.records.index import StepEntry
from tb_attention.records.schema import ConfusionManifest, manifest_to_json
from tb_attention.records.step_file import matrix_member, read_matrix

# Kept examples are other people's inputs than the samples that somebody chose to hand on: they stay out.
_OF_EXAMPLES: dict[str, Any] = {
    "examples": 0,
    "samples": None,
    "sample_count": 0,
    "predictions": [],
    "measures": [],
    "sites": [],
    "means": [],
}
# Members that are sent as they lie in the file, by the route that sends them.
_AS_STORED = ("labels", "histogram")


def collect(
    open_file: Callable[[str], Archive], place: int, entries: Sequence[StepEntry], status: dict[str, Any] | None
) -> SeriesPart:
    """The part of the page: every matrix, the figures of each label, the order of classes.

    Args:
        open_file: Opens a file of the attempt.
        place: Of the series in the page.
        entries: Steps of matrices, in order, all of which go in.
        status: Of the series.
    """
    bodies: list[Body] = []
    steps = []
    value: dict[str, Any] = {}
    for entry in entries:
        assert isinstance(entry.manifest, ConfusionManifest)
        value = manifest_to_json(entry.manifest)
        value |= {name: nothing for name, nothing in _OF_EXAMPLES.items() if name in value}
        bodies.extend(_bodies(open_file, place, entry, entry.manifest))
        steps.append(step_answer(value, entry.manifest.step))
    return SeriesPart(series_answer(value, steps, [], status), {}, bodies)


def _bodies(
    open_file: Callable[[str], Archive], place: int, entry: StepEntry, manifest: ConfusionManifest
) -> list[Body]:
    prefix = f"{place}/{manifest.step}"
    found = []

    def opened() -> Archive:
        return open_file(entry.file.name)

    with opened() as archive:
        for split, known in manifest.splits.items():
            member = matrix_member(split)
            if known.encoding == "dense":
                size = archive.stream(member).stored
                found.append(stored(f"matrix/{prefix}/{split}", opened, member, size))
            else:
                found.append(made(f"matrix/{prefix}/{split}", read_matrix(archive, manifest, split)))
        for member in archive.names:
            kind, _, rest = member.partition("/")
            if kind in _AS_STORED:
                found.append(stored(f"{kind}/{prefix}/{rest}", opened, member, archive.stream(member).stored))
            elif member == "order/similarity":
                found.append(stored(f"order/{prefix}", opened, member, archive.stream(member).stored))
    return found
