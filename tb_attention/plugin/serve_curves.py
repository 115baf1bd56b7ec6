"""The routes `measures` and `rows`: head measures over all steps, and what some queries attend to over steps or sites."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached
from werkzeug.wrappers import Request, Response

from tb_attention.errors import ArgumentError, LogError, NotInLogError
from tb_attention.plugin import manifests, parameters, respond
from tb_attention.plugin.indexed_measures import read_measures_of
from tb_attention.plugin.known_manifest import KnownManifest
from tb_attention.plugin.logs import Logs
from tb_attention.plugin.verdicts import with_verdict
from tb_attention.records.format import step_file
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import read_manifest
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.reaching import unless_unreachable
from tb_attention.records.store.store import Entry
from tb_attention.reduce.head_measures import uncomputed_rows
from tb_attention.reduce.moments import measure_moments
from tb_attention.wire import gzip_frame

Floats = npt.NDArray[np.float32]
KnownFiles = list[tuple[Step, Entry, KnownManifest]]

_CACHE_BYTES = 12 << 20
_MOST_BYTES = 1 << 28


def serve_measures(logs: Logs, request: Request) -> Response:
    """The measures of one sample: float32 (steps, heads, measures), steps as in `series`, heads as in the newest step.

    Or of some samples on average, or of those that the model classifies correctly (or not) at each step.
    """
    attempt = logs.attempt(request)
    if "samples" not in request.args:
        return respond.binary_body(request, _measures(attempt, parameters.number(request, "sample")))
    bodies = _mean_measures(attempt, parameters.samples(request), parameters.verdict(request))
    return respond.binary_body(request, bodies[parameters.flag(request, "deviation")])


def _key(attempt: OpenedAttempt, *rest: Hashable) -> Hashable:
    return attempt.store.url, attempt.directory, attempt.version, *rest


@cached(LRUCache(_CACHE_BYTES, getsizeof=len), key=_key, lock=threading.Lock())
def _measures(attempt: OpenedAttempt, sample: int) -> bytes:
    steps = _steps(attempt, sample)
    values = _unmeasured(steps)
    for row, known in _read_measures(attempt, steps, (sample,)):
        if sample in known:
            values[row] = known[sample]
    return gzip_frame.compress(values)


@cached(
    LRUCache(_CACHE_BYTES, getsizeof=lambda bodies: sum(map(len, bodies))),
    key=_key,
    lock=threading.Lock(),
)
def _mean_measures(attempt: OpenedAttempt, samples: tuple[int, ...], right: bool | None) -> tuple[bytes, bytes]:
    """The bodies of mean and standard deviation."""
    steps = _steps(attempt, samples[-1])
    mean, deviation = _unmeasured(steps), _unmeasured(steps)
    for row, known in _read_measures(attempt, steps, samples):
        there = [sample for sample in samples if sample in known]
        if right is not None:
            there = with_verdict(attempt, steps[row][2].record, there, right)
        stacked = np.array([known[sample] for sample in there], np.float32).reshape(-1, *mean.shape[1:])
        mean[row], deviation[row] = measure_moments(stacked)
    return gzip_frame.compress(mean), gzip_frame.compress(deviation)


def _unmeasured(steps: KnownFiles) -> Floats:
    """NaN for every step, head and measure."""
    newest = steps[-1][2]
    shape = (len(steps), sum(heads for _, heads in newest.sites.heads), len(newest.measures))
    if 4 * shape[0] * shape[1] * shape[2] > _MOST_BYTES:
        raise LogError(f"The measures of this series are too many to send at once: steps, heads, measures {shape}.")
    return np.full(shape, np.nan, np.float32)


def _read_measures(
    attempt: OpenedAttempt, steps: KnownFiles, samples: tuple[int, ...]
) -> Iterator[tuple[int, Mapping[int, Floats]]]:
    """For each step that has the measures of the newest step's heads, its index in `steps` and the measures of its samples."""
    newest = steps[-1][2]
    shape = (sum(heads for _, heads in newest.sites.heads), len(newest.measures))
    rows = np.full(len(attempt.steps), -1, np.int64)
    for row, (step, _, known) in enumerate(steps):
        # Heads of other sites must not be joined into one curve.
        if known.sites.heads == newest.sites.heads and known.measures == newest.measures:
            rows[attempt.steps.index(step)] = row
    return read_measures_of(attempt, rows, shape, samples)


def serve_rows(logs: Logs, request: Request) -> Response:
    """The mean row of some queries: float32 (steps, heads, keys) of a site, or one after the other for all sites of a step."""
    attempt = logs.attempt(request)
    if attempt.store.only_events:
        raise NotInLogError("Only the event files of this run are here; its rows are in plugins/attention.")
    sample, queries = parameters.number(request, "sample"), parameters.indices(request, "queries")
    if ("step" in request.args) == ("site" in request.args):
        raise ArgumentError("One of `step` (all sites of it) and `site` (all steps of it) must be given, not both.")
    if "step" in request.args:
        rows = _over_sites(attempt, attempt.step_file(parameters.step(request)), sample, queries)
    else:
        places = parameters.indices(request, "places") if "places" in request.args else None
        rows = _over_steps(attempt, parameters.number(request, "site"), sample, queries, places)
    return respond.binary_body(request, gzip_frame.compress(rows))


def _over_sites(attempt: OpenedAttempt, file: Entry, sample: int, queries: Sequence[int]) -> Floats:
    with attempt.open(file.name) as archive:
        manifest = manifests.maps_manifest(read_manifest(archive, file.name))
        _check_sample(sample, manifest.sample_count)
        rows = [
            mean_row(step_file.read_weights(archive, manifest, sample, index), site, queries)
            for index, site in enumerate(manifest.sites)
        ]
    return np.concatenate([row.ravel() for row in rows]) if rows else np.zeros(0, np.float32)


def _over_steps(
    attempt: OpenedAttempt, site: int, sample: int, queries: Sequence[int], places: Sequence[int] | None
) -> Floats:
    steps = _steps(attempt, sample)
    newest = steps[-1][2]
    if site >= len(newest.sites.sites):
        raise NotInLogError(f"The series has {len(newest.sites.sites)} sites, counted from 0. Received: site={site}.")
    beyond = [place for place in places or () if place >= len(steps)]
    if beyond:
        raise NotInLogError(f"The series has {len(steps)} steps, counted from 0. Received: places={beyond[0]}.")
    path = newest.sites.heads[site][0]
    found: list[Floats | None] = []
    for _, file, known in steps if places is None else [steps[place] for place in places]:
        at = next((index for index, (name, _) in enumerate(known.sites.heads) if name == path), None)
        rows = None
        if at is not None and sample < known.sample_count:
            # A gap in the picture is better than no picture; `series` says what is wrong with the step.
            with unless_unreachable():
                rows = _of_step(attempt, file, known.sites.sites[at], at, sample, tuple(queries))
        found.append(rows)
    shape = next((rows.shape for rows in reversed(found) if rows is not None), (0, 0))
    if 4 * len(found) * shape[0] * shape[1] > _MOST_BYTES:
        raise LogError(f"The rows of this series are too many to send at once: {len(found)} steps of {shape}.")
    values = np.full((len(found), *shape), np.nan, np.float32)
    for step, rows in enumerate(found):
        if rows is not None and rows.shape == shape:
            values[step] = rows
    return values


@cached(
    LRUCache(_CACHE_BYTES, getsizeof=lambda rows: rows.nbytes + 200),
    key=lambda attempt, file, known, *rest: (attempt.key(file), *rest),
    lock=threading.Lock(),
)
def _of_step(
    attempt: OpenedAttempt, file: Entry, known: SiteManifest, site: int, sample: int, queries: tuple[int, ...]
) -> Floats:
    with attempt.open(file.name) as archive:
        member = step_file.weights_member(sample, site)
        return mean_row(step_file.read_encoded(archive, member, known.shape, known.encoding), known, queries)


def mean_row(weights: Floats, site: SiteManifest, queries: Sequence[int]) -> Floats:
    """The mean over some queries, and over iterations and windows.

    Args:
        weights: All heads of a site for one sample, of the site's shape.
        site: Says what the dimensions of `weights` are.
        queries: Indices along the query axes, taken as one; those beyond its end are left out. A gate has no queries: its
            own weights are taken.

    Returns:
        float32 (heads, keys); NaN where no query is left. Iterations that did not compute a query do not count.
    """
    sizes = {"heads": 1, "query": 1, "key": 1}
    for axis in site.axes:
        sizes[axis.role] = sizes.get(axis.role, 1) * axis.size
    maps = weights.reshape(sizes["heads"], -1, sizes["query"], sizes["key"])
    if not any(axis.role == "query" for axis in site.axes):
        return np.asarray(maps.mean(axis=(1, 2)), np.float32)
    inside = [query for query in queries if query < sizes["query"]]
    if not inside:
        return np.full((sizes["heads"], sizes["key"]), np.nan, np.float32)
    if maps.shape[1] == 1:
        rows = maps[:, 0, inside]
        return rows[:, 0] if len(inside) == 1 else np.asarray(rows.mean(axis=1), np.float32)
    absent = uncomputed_rows(maps)
    # Another iteration computed what one did not compute yet.
    counted = (~absent | absent.all(axis=0))[:, inside]
    return np.asarray(maps[:, :, inside][:, counted].mean(axis=1), np.float32)


def _steps(attempt: OpenedAttempt, sample: int) -> KnownFiles:
    """The readable steps of a series of maps, the newest of which has the sample."""
    steps = manifests.read_steps(attempt).readable
    if not steps or steps[-1][2].content != "attention":
        raise NotInLogError("The series has no step with maps.")
    _check_sample(sample, steps[-1][2].sample_count)
    return steps


def _check_sample(sample: int, count: int) -> None:
    if sample >= count:
        raise NotInLogError(f"The series has {count} samples, counted from 0. Received: sample={sample}.")
