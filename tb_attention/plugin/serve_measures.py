"""The route `measures`: the head measures of one sample over all steps, for the curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from werkzeug.wrappers import Request, Response

from tb_attention.errors import AttentionError, LogError, NotInLogError
from tb_attention.plugin import manifests, parameters, respond
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt, Logs
from tb_attention.plugin.manifests import KnownManifest
from tb_attention.plugin.serve_listing import read_steps
from tb_attention.records.format.step_file import MEASURES_MEMBER
from tb_attention.wire import gzip_frame

_CACHE_BYTES = 32 << 20
_MOST_BYTES = 1 << 28

_bodies: BoundedCache[bytes] = BoundedCache(_CACHE_BYTES, weigh=len)


def serve(logs: Logs, request: Request) -> Response:
    """float32 (steps, heads, measures), steps as in `series`, heads as in the newest step."""
    attempt, sample = logs.attempt(request), parameters.number(request, "sample")
    key = (attempt.folder.url, attempt.path, attempt.version, sample)
    return respond.binary_body(request, _bodies.get(key, lambda: gzip_frame.compress(_collect(attempt, sample))))


def _collect(attempt: Attempt, sample: int) -> npt.NDArray[np.float32]:
    steps = read_steps(attempt).readable
    if not steps or steps[-1][2].content != "attention":
        raise NotInLogError("The series has no step with maps.")
    newest = steps[-1][2]
    if sample >= newest.sample_count:
        raise NotInLogError(f"The series has {newest.sample_count} samples, counted from 0. Received: sample={sample}.")
    shape = (len(steps), sum(heads for _, heads in newest.sites.heads), len(newest.measures))
    if 4 * shape[0] * shape[1] * shape[2] > _MOST_BYTES:
        raise LogError(f"The measures of this series are too many to send at once: steps, heads, measures {shape}.")
    values = np.full(shape, np.nan, np.float32)
    # Heads of other sites must not be joined into one curve.
    wanted = {
        entry.name: place
        for place, (_, entry, known) in enumerate(steps)
        if known.sites.heads == newest.sites.heads and known.measures == newest.measures
    }
    for segment in manifests.index_segments(attempt, with_measures=True) if len(wanted) > 1 else ():
        for indexed in segment:
            found = indexed.measures
            if (
                found is not None
                and indexed.file.name in wanted
                and found.shape[1:] == shape[1:]
                and sample < len(found)
            ):
                values[wanted.pop(indexed.file.name)] = found[sample]
    for name, place in wanted.items():
        values[place] = _of_step(attempt, name, steps[place][2], sample)
    return values


def _of_step(attempt: Attempt, name: str, known: KnownManifest, sample: int) -> npt.NDArray[Any] | float:
    """(heads, measures) of one step, or NaN where they cannot be read: a gap in a curve is better than no curve."""
    shape = (known.sample_count, sum(heads for _, heads in known.sites.heads), len(known.measures))
    try:
        with attempt.folder.archive(attempt.file(name)) as archive:
            stored = archive.read(MEASURES_MEMBER, max(1 << 20, 16 * shape[0] * shape[1] * shape[2]))
    except (AttentionError, OSError):
        return np.nan
    if stored.shape != shape or sample >= shape[0]:
        return np.nan
    of_sample: npt.NDArray[Any] = stored[sample]
    return of_sample
