"""The route `received`: what each key of one head gets, in every sample of a step."""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Sequence

import numpy as np
from cachetools import LRUCache, cached
from msgspec import UNSET
from werkzeug.wrappers import Request, Response

from tb_attention.errors import LogError, NotInLogError
from tb_attention.plugin import parameters, respond
from tb_attention.plugin.logs import Logs
from tb_attention.plugin.manifests import maps_manifest
from tb_attention.plugin.serve_curves import mean_row
from tb_attention.records.format import step_file
from tb_attention.records.format.schema import read_manifest
from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.wire import answers, gzip_frame
from tb_attention.wire.structs import Sample

_CACHE_BYTES = 16 << 20
# As many weights are read as for an average over samples.
_MOST_WORK = 1 << 29
_MOST_VALUES = 1 << 24


def serve_received(logs: Logs, request: Request) -> Response:
    """float32 (samples, keys): the mean over the queries of each sample that are not padding."""
    attempt, step = logs.attempt(request), parameters.step(request)
    if attempt.store.only_events:
        raise NotInLogError("Only the event files of this run are here; its weights are in plugins/attention.")
    site, head = parameters.number(request, "site"), parameters.number(request, "head")
    return respond.binary_body(request, _received(attempt, attempt.step_file(step), site, head))


def _key(attempt: OpenedAttempt, file: Entry, *rest: Hashable) -> Hashable:
    return attempt.key(file), *rest


@cached(LRUCache(_CACHE_BYTES, getsizeof=len), key=_key, lock=threading.Lock())
def _received(attempt: OpenedAttempt, file: Entry, index: int, head: int) -> bytes:
    with attempt.open(file.name) as archive:
        manifest = maps_manifest(read_manifest(archive, file.name))
        if index >= len(manifest.sites):
            raise NotInLogError(f"The step has {len(manifest.sites)} sites, counted from 0. Received: site={index}.")
        site, count = manifest.sites[index], manifest.sample_count
        if head >= site.heads:
            raise NotInLogError(f"The site has {site.heads} heads, counted from 0. Received: head={head}.")
        keys = math.prod(axis.size for axis in site.axes if axis.role == "key")
        weights = math.prod(site.shape)
        if weights * count > _MOST_WORK or keys * count > _MOST_VALUES:
            raise LogError(f"{count} samples of {weights} weights each are too many to read at once.")
        samples = _samples(attempt, manifest.samples)
        values = np.full((count, keys), np.nan, np.float32)
        for sample in range(count):
            read = step_file.read_weights(archive, manifest, sample, index)
            queries = _queries(site, sample, samples[sample] if sample < len(samples) else None)
            values[sample] = mean_row(read, site, queries)[head]
    return gzip_frame.compress(values)


def _samples(attempt: OpenedAttempt, name: str | None) -> Sequence[Sample]:
    if name is None:
        return ()
    file = attempt.samples_file(name.removesuffix(".npz"))
    with attempt.open(file.name) as archive:
        return answers.samples_answer(archive, file.name).samples


def _queries(site: SiteManifest, index: int, sample: Sample | None) -> Sequence[int]:
    """The queries of a sample that are no padding, as the page counts them."""
    axes = [axis for axis in site.axes if axis.role == "query"]
    size = math.prod(axis.size for axis in axes)
    if len(axes) != 1 or sample is None:
        return range(size)
    axis = axes[0].of(index)
    if axis.input is None:
        fitting = [each for each in sample.inputs if each.tokens is not UNSET and len(each.tokens) == size]
        given = fitting[0] if axis.kind == "tokens" and len(fitting) == 1 else None
    else:
        given = sample.inputs[axis.input] if axis.input < len(sample.inputs) else None
    mask = (given.mask or ()) if given is not None and given.tokens else ()
    shown = [query for query in range(axis.size) if mask[query]] if len(mask) >= axis.size else []
    return shown or range(axis.size)
