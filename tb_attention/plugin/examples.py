"""The route `examples`: the examples that were kept of the cells of a matrix."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.plugin import parameters, respond, serve_matrix
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.plugin.samples import read_listed
from tb_attention.records.format import json_text
from tb_attention.records.format.confusion_file import read_examples


def serve(logs: Logs, request: Request) -> Response:
    """All of a step, or those of a truth, a prediction or both."""
    attempt, step = logs.attempt(request), parameters.step(request)
    wanted = [parameters.number(request, name) if name in request.args else None for name in ("truth", "predicted")]
    with serve_matrix.opened(attempt, step) as (archive, manifest):
        stored = read_examples(archive, manifest)
    ids = _ids(attempt, manifest.samples, manifest.examples) if manifest.examples else []
    listed = [
        {
            "sample": place,
            "id": ids[place],
            "truth": truth,
            "predicted": predicted,
            "probability": probability,
            "loss": loss,
            "kept": "random" if random else "certain",
        }
        for place, ((truth, predicted), (probability, loss), random) in enumerate(
            zip(stored.cells.tolist(), stored.scores.tolist(), stored.random.tolist(), strict=True)
        )
        if wanted[0] in (None, truth) and wanted[1] in (None, predicted)
    ]
    answer = {
        "step": step,
        "samples": manifest.samples.removesuffix(".npz") if manifest.samples else None,
        "sample_count": 0 if manifest.maps is None else manifest.maps.sample_count,
        "examples": listed,
    }
    return respond.json_body(request, json_text.spell(answer), keep=True)


def _ids(attempt: Attempt, name: str | None, count: int) -> list[str]:
    try:
        listed = read_listed(attempt, attempt.samples((name or "").removesuffix(".npz")))
        ids = [str(sample["id"]) for sample in listed]
    except (NotInLogError, KeyError, TypeError) as error:
        raise DamagedFileError(f"The file of the examples, {str(name)[:80]!r}, is not there or damaged.") from error
    if len(ids) != count:
        raise DamagedFileError(f"{str(name)[:80]!r} holds {len(ids)} examples; {count} were kept.")
    return ids
