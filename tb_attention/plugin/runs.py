"""The route `runs`: which runs have which series. Pages ask for it every few seconds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError
from tb_attention.plugin import manifests, respond, status
from tb_attention.plugin.logs import Attempt, Logs, attempt_numbers, open_attempt, tag_folders
from tb_attention.plugin.run_folder import RunFolder
from tb_attention.records.format import paths

# The content of a series is in its manifests. One whole file is enough; a log of damaged ones must not be read through.
_TRIES = 3


def serve(logs: Logs, request: Request) -> Response:
    """Every listed run, those without our folder with no series."""
    # Sorted, for TensorBoard gives them in the order of the disk, and the version must not depend on that.
    runs = [{"run": run, "series": _series(folder)} for run, folder in sorted(logs.folders(request).items())]
    version = hashlib.sha256(json.dumps(runs).encode("ascii")).hexdigest()[:16]
    return respond.json_body(request, {"version": version, "logdir": logs.logdir, "runs": runs})


def _series(folder: RunFolder) -> list[dict[str, Any]]:
    try:
        found = [_one(folder, tag) for tag in sorted(tag_folders(folder))]
    except OSError:
        # One run that cannot be read must not hide the others.
        return []
    return [series for series in found if series is not None]


def _one(folder: RunFolder, tag: str) -> dict[str, Any] | None:
    numbers = attempt_numbers(folder, tag)
    if not numbers:
        return None
    newest = open_attempt(folder, tag, numbers[-1])
    name, content = _name_and_content(newest)
    return {
        "tag": name or paths.folder_tag(tag),
        "content": content,
        "attempts": numbers,
        "steps": len(newest.steps),
        "version": newest.version,
        "status": status.read(newest),
        "only_events": folder.only_events,
    }


def _name_and_content(attempt: Attempt) -> tuple[str | None, str]:
    """The tag as the log spells it (names of directories are cut where tags are long), and what the steps hold."""
    for step in list(attempt.steps)[:_TRIES]:
        try:
            known = manifests.read(attempt, step)
        except (AttentionError, OSError):
            continue
        return known.tag, known.content
    return None, "unknown"
