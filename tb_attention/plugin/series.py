"""The route `series`: every step of one attempt, with all that the timeline needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError
from tb_attention.plugin import manifests, respond, status
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt, Logs, attempt_numbers
from tb_attention.plugin.manifests import KnownManifest, SiteSet
from tb_attention.records.format.paths import Step
from tb_attention.records.store.store import Entry

_CACHE_BYTES = 16 << 20

_told: BoundedCache[bytes] = BoundedCache(_CACHE_BYTES, weigh=len)


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
    head = {
        "run": request.args["run"],
        "attempt": attempt.number,
        "attempts": attempt_numbers(attempt.folder, attempt.path.split("/")[-2]),
        "version": attempt.version,
        "status": status.read(attempt),
    }
    key = (attempt.folder.url, attempt.path, attempt.listing.state)
    told = _told.find(key)
    if told is None:
        steps = read_steps(attempt)
        told = _tell(steps, request.args["tag"])
        if not steps.damaged:  # a disk that failed for a moment may read them the next time
            _told.put(key, told)
    return respond.json_text_body(request, _spliced(respond.json_text(head), told))


def _tell(steps: Steps, asked: str) -> bytes:
    """JSON of what the step files say."""
    newest = steps.readable[-1][2] if steps.readable else None
    site_sets: dict[SiteSet, int] = {}
    listed = [_step(step, entry, known, site_sets) for step, entry, known in steps.readable]
    answer = {
        "tag": newest.tag if newest else asked,
        "content": newest.content if newest else "unknown",
        "measures": list(newest.measures) if newest else [],
        "damaged": steps.damaged,
    }
    if newest and newest.content == "confusion":
        latest = newest.json()
        answer |= {name: latest[name] for name in ("class_names", "class_groups", "output")}
    # Texts are put together as they are: to make objects of a thousand steps and text again would take most of the time.
    lists = b'{"steps":[%b],"site_sets":[%b]}' % (b",".join(listed), b",".join(sites.text for sites in site_sets))
    return _spliced(respond.json_text(answer), lists)


def _step(step: Step, entry: Entry, known: KnownManifest, site_sets: dict[SiteSet, int]) -> bytes:
    # The name of the file is what was asked for and what further requests will name, whatever the manifest says.
    place = {"step": step, "v": entry.version, "sites": site_sets.setdefault(known.sites, len(site_sets))}
    return _spliced(respond.json_text(place), known.text)


def _spliced(one: bytes, other: bytes) -> bytes:
    """Two JSON objects, neither of them empty, as one."""
    return one[:-1] + b"," + other[1:]
