"""The route `measures`: the head measures of one sample over all steps, for the curves."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached
from werkzeug.wrappers import Request, Response

from tb_attention.errors import LogError, NotInLogError
from tb_attention.plugin import manifests, parameters, respond
from tb_attention.plugin.logs import Logs
from tb_attention.records.reading.opened_attempt import Damaged, OpenedAttempt
from tb_attention.wire import gzip_frame

_CACHE_BYTES = 32 << 20
_MOST_BYTES = 1 << 28


def serve(logs: Logs, request: Request) -> Response:
    """float32 (steps, heads, measures), steps as in `series`, heads as in the newest step."""
    return respond.binary_body(request, _body(logs.attempt(request), parameters.number(request, "sample")))


@cached(
    LRUCache(_CACHE_BYTES, getsizeof=len),
    key=lambda attempt, sample: (attempt.store.url, attempt.directory, attempt.version, sample),
    lock=threading.Lock(),
)
def _body(attempt: OpenedAttempt, sample: int) -> bytes:
    return gzip_frame.compress(_collect(attempt, sample))


def _collect(attempt: OpenedAttempt, sample: int) -> npt.NDArray[np.float32]:
    steps = manifests.read_steps(attempt).readable
    if not steps or steps[-1][2].content != "attention":
        raise NotInLogError("The series has no step with maps.")
    newest = steps[-1][2]
    if sample >= newest.sample_count:
        raise NotInLogError(f"The series has {newest.sample_count} samples, counted from 0. Received: sample={sample}.")
    shape = (len(steps), sum(heads for _, heads in newest.sites.heads), len(newest.measures))
    if 4 * shape[0] * shape[1] * shape[2] > _MOST_BYTES:
        raise LogError(f"The measures of this series are too many to send at once: steps, heads, measures {shape}.")
    # A step that cannot be read stays NaN: a gap in a curve is better than no curve.
    values = np.full(shape, np.nan, np.float32)
    # Heads of other sites must not be joined into one curve.
    wanted = {
        step: index
        for index, (step, _, known) in enumerate(steps)
        if known.sites.heads == newest.sites.heads and known.measures == newest.measures
    }
    for entry in attempt.read_steps(wanted, with_measures=True):
        if isinstance(entry, Damaged) or entry.measures is None:
            continue
        if entry.measures.shape[1:] == shape[1:] and sample < len(entry.measures):
            values[wanted[entry.manifest.step]] = entry.measures[sample]
    return values
