"""The JSON answers of the tab's routes `runs`, `series` and `samples`, for the part of a log that a page holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tb_attention.errors import AttentionError
from tb_attention.records.format import json_text, paths
from tb_attention.records.format.paths import Step
from tb_attention.records.store.store import Store

# Of each step the page has these already, once for all steps.
ONCE = ("schema", "content", "tag", "attempt", "writer", "measures", "class_names", "class_groups", "output")

# What a status may say elsewhere too; the process and its machine are nobody's business.
_STATUS = ("epochs", "steps_per_epoch", "epoch", "fraction", "state", "best", "restored", "thinned", "dropped", "notes")

VERSION = "page"


def step_answer(manifest: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """A step as `series` lists it. `manifest`: its JSON, `sites` being a place among the sets of sites."""
    value = {name: item for name, item in manifest.items() if name not in ONCE}
    if value.get("samples"):
        value["samples"] = value["samples"].removesuffix(".npz")
    return value | {"step": step, "v": VERSION}


def series_answer(
    newest: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    site_sets: Sequence[Sequence[Mapping[str, Any]]],
    status: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The answer of `series`. `newest`: the JSON of the newest step's manifest; its run is filled in by `runs_answer`."""
    answer = {
        "run": "",
        "tag": newest["tag"],
        "attempt": newest["attempt"],
        "attempts": [newest["attempt"]],
        "content": newest["content"],
        "version": VERSION,
        "steps": list(steps),
        "site_sets": [list(sites) for sites in site_sets],
        "measures": list(newest.get("measures", ())),
        "damaged": [],
        "status": status,
    }
    return answer | {name: newest[name] for name in ("class_names", "class_groups", "output") if name in newest}


def runs_answer(run: str, series: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answer of `runs` with one run; each of its series is told its name."""
    for answer in series:
        answer["run"] = run
    listed = [
        {
            "tag": answer["tag"],
            "content": answer["content"],
            "attempts": answer["attempts"],
            "steps": len(answer["steps"]),
            "version": VERSION,
            "status": answer["status"],
            "only_events": False,
        }
        for answer in series
    ]
    return {"version": VERSION, "logdir": "", "runs": [{"run": run, "series": listed}]}


def status_answer(store: Store, directory: str, *, whole: bool) -> dict[str, Any] | None:
    """What a log says of its progress, as it stands now; advisory, so whatever is wrong with it, there is just none.

    Args:
        store: Of the run.
        directory: Of the attempt.
        whole: Whether all steps are in the page; else it is not said which were dropped.
    """
    try:
        told = json_text.loads(store.read(f"{directory}/{paths.STATUS}"), paths.STATUS)
    except (AttentionError, OSError):
        return None
    status = {name: told[name] for name in _STATUS if name in told}
    if status.get("state") == "running":
        # A page does not go on training.
        status["state"] = "stopped"
        status["notes"] = [*_listed(status.get("notes")), "This page was made while the training was running."]
    if not whole:
        status |= {"dropped": [], "thinned": None}
    return status


def samples_answer(value: Mapping[str, Any], places: Sequence[int], *, redact: bool) -> dict[str, Any]:
    """The answer of `samples` for some samples of a file; `redact` leaves out what was fed in.

    Args:
        value: The JSON of the file.
        places: Of the samples that go in.
        redact: Whether inputs keep only their names and shapes.
    """
    samples = [dict(value["samples"][place]) for place in places]
    thumbnails = value.get("thumbnails")
    if redact:
        thumbnails = None
        for sample in samples:
            sample["inputs"] = [_redacted(given) for given in sample["inputs"]]
    if thumbnails:
        thumbnails = {"shape": [len(places), *thumbnails["shape"][1:]]}
    return {"class_names": value.get("class_names"), "samples": samples, "thumbnails": thumbnails}


def _redacted(given: Mapping[str, Any]) -> dict[str, Any]:
    shape = given.get("shape") or [len(given.get("tokens") or ())]
    return {"name": given.get("name", ""), "kind": "values", "shape": shape}


def _listed(notes: Any) -> list[str]:
    return [str(note) for note in notes] if isinstance(notes, list) else []
