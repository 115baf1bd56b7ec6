"""The route `series`: every step of one attempt, with all that the timeline needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError
from tb_attention.plugin import manifests, respond, status
from tb_attention.plugin.logs import Attempt, Logs, attempt_numbers
from tb_attention.plugin.manifests import KnownManifest, SiteSet
from tb_attention.records.paths import Step
from tb_attention.records.store import Entry

# Of each step the page has these already, once for all steps.
_ONCE = ("schema", "content", "tag", "attempt", "writer", "measures", "class_names", "class_groups", "output")


@dataclass(frozen=True)
class Steps:
    """The readable steps of an attempt, in order, and what is wrong with the others."""

    readable: list[tuple[Step, Entry, KnownManifest]]
    damaged: list[dict[str, Any]]


def read_steps(attempt: Attempt) -> Steps:
    """Reads the manifest of every step; one that cannot be read takes no other with it."""
    readable: list[tuple[Step, Entry, KnownManifest]] = []
    damaged: list[dict[str, Any]] = []
    manifests.read_index(attempt)
    for step, entry in attempt.steps.items():
        try:
            readable.append((step, entry, manifests.read(attempt, step)))
        except FileNotFoundError:
            # Moved aside since the listing.
            continue
        except (AttentionError, OSError) as error:
            damaged.append({"file": entry.name, "step": step, "reason": str(error)})
    return Steps(readable, damaged)


def serve(logs: Logs, request: Request) -> Response:
    """Steps, sites and status of one attempt."""
    attempt = logs.attempt(request)
    steps = read_steps(attempt)
    newest = steps.readable[-1][2] if steps.readable else None
    latest = newest.json() if newest else {}
    site_sets: dict[SiteSet, int] = {}
    listed = [_step(step, entry, known, site_sets) for step, entry, known in steps.readable]
    tag = attempt.path.split("/")[-2]
    answer = {
        "run": request.args["run"],
        "tag": newest.tag if newest else request.args["tag"],
        "attempt": attempt.number,
        "attempts": attempt_numbers(attempt.folder, tag),
        "content": newest.content if newest else "unknown",
        "version": attempt.version,
        "steps": listed,
        "site_sets": [json.loads(sites.text) for sites in site_sets],
        "measures": list(newest.measures) if newest else [],
        "damaged": steps.damaged,
        "status": status.read(attempt),
    }
    if newest and newest.content == "confusion":
        answer |= {name: latest[name] for name in ("class_names", "class_groups", "output")}
    return respond.json_body(request, answer)


def _step(step: Step, entry: Entry, known: KnownManifest, site_sets: dict[SiteSet, int]) -> dict[str, Any]:
    value = known.json()
    for name in _ONCE:
        value.pop(name, None)
    # The name of the file is what was asked for and what further requests will name, whatever the manifest says.
    value |= {"step": step, "v": entry.version}
    value["sites"] = site_sets.setdefault(known.sites, len(site_sets))
    value["samples"] = value["samples"].removesuffix(".npz") if value["samples"] else None
    return value
