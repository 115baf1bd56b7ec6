"""Listings of directories of this machine, kept while the directories do not change, in bounded memory.

To list a directory of 10,000 files with their sizes and times takes some 50 ms of CPU. A page asks for several things of a run at
once and polls every few seconds, so a listing has to cost what has changed since the last one.
"""

from __future__ import annotations

import contextlib
import os
import random
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache

from tb_attention.records.format import paths
from tb_attention.records.format.npz import int64_array
from tb_attention.records.reading.listing import Listing, StepFiles
from tb_attention.records.store.local_store import entry_of
from tb_attention.records.store.store import Entry

# In step files; one takes 32 bytes.
_MOST_FILES = 2_000_000
_FILES_OF_ENTRY = 20
_FILES_OF_LISTING = 50
# File systems count time in steps of up to 2 seconds: what has just changed may change again within the same one.
_SETTLED_NS = 2_000_000_000
# The writer renames files into a directory, which changes its time. But a file that is copied into a directory grows
# without changing that time: for so long after its last change a file may be one that is being copied, and is looked at again.
_GROWING_NS = 60_000_000_000
_GROWING_SECONDS = 10.0
# A copy may stop for longer. In the end every file is looked at again, so many a second, whatever the number of runs.
_FILES_A_SECOND = 1000


@dataclass(frozen=True, eq=False)
class _Kept:
    """A listing, and how long it holds.

    Attributes:
        identity: Device and number of the directory.
        changed_ns: Time of the directory when it was listed.
        until: It holds until then if the directory does not change; as `time.monotonic`.
        whole_until: From then on the size and time of every file is asked for again.
    """

    listing: Listing
    identity: tuple[int, int]
    changed_ns: int
    until: float
    whole_until: float


_kept: LRUCache[str, _Kept] = LRUCache(
    _MOST_FILES,
    getsizeof=lambda kept: len(kept.listing.steps) + _FILES_OF_ENTRY * len(kept.listing.rest) + _FILES_OF_LISTING,
)
_lock = threading.Lock()


def list_directory(directory: str, is_allowed: Callable[[], bool]) -> Listing:
    """What a directory holds; nothing if it does not exist or is not allowed.

    Args:
        directory: A path.
        is_allowed: Asked before a directory is listed for the first time.
    """
    try:
        found = os.stat(directory)
    except (FileNotFoundError, NotADirectoryError):
        return Listing()
    identity, changed_ns, now = (found.st_dev, found.st_ino), found.st_mtime_ns, time.monotonic()
    with _lock:
        kept = _kept.get(directory)
        period = max(_GROWING_SECONDS, _kept.currsize / _FILES_A_SECOND)
    if kept is None or kept.identity != identity:
        if not stat.S_ISDIR(found.st_mode) or not is_allowed():
            return Listing()
        kept = None
    elif kept.changed_ns == changed_ns and now < kept.until:
        return kept.listing
    known = kept if kept is not None and now < kept.whole_until else None
    # Not all directories at once.
    whole_until = known.whole_until if known else now + random.uniform(period / 2, period)
    wall_ns = time.time_ns()
    listing = _list(directory, known.listing.steps if known else None, wall_ns - _GROWING_NS)
    if wall_ns - changed_ns < _SETTLED_NS:
        until = now
    elif wall_ns - max(listing.newest_ns, *(each.mtime_ns for each in listing.others.values()), 0) < _GROWING_NS:
        until = min(now + _GROWING_SECONDS, whole_until)
    else:
        until = whole_until
    with _lock, contextlib.suppress(ValueError):  # too large to keep
        _kept[directory] = _Kept(listing, identity, changed_ns, until, whole_until)
    return listing


def _list(directory: str, known: StepFiles | None, settled_ns: int) -> Listing:
    """Lists a directory; a known step file that is the same file and last changed before `settled_ns` is not asked again."""
    steps: list[tuple[int, os.DirEntry[str]]] = []
    rest: list[Entry] = []
    with os.scandir(directory) as scan:
        for item in scan:
            step = paths.file_step(item.name)
            if step is not None:
                steps.append((paths.step_order(step), item))
            else:
                _append(rest, item)
    orders = np.array([order for order, _ in steps], np.int64)
    # A link has a number of its own, whatever has become of its target.
    inodes = int64_array(0 if item.is_symlink() else item.inode() for _, item in steps)
    sizes, times = np.zeros_like(orders), np.zeros_like(orders)
    same = np.zeros(len(orders), np.bool_)
    if known:
        at = np.searchsorted(known.orders, orders).clip(max=len(known) - 1)
        same = (
            (known.orders[at] == orders) & (known.inodes[at] == inodes) & (inodes != 0) & (known.times[at] < settled_ns)
        )
        sizes[same], times[same] = known.sizes[at][same], known.times[at][same]
    there = same.copy()
    for index in np.flatnonzero(~same).tolist():
        found: list[Entry] = []
        _append(found, steps[index][1])
        if found and found[0].is_directory:
            rest.append(found[0])
        elif found:
            there[index] = True
            sizes[index], times[index] = int64_array((found[0].size, found[0].mtime_ns))
    rest.sort(key=lambda entry: entry.name)
    return Listing(rest, StepFiles(orders[there], sizes[there], times[there], inodes[there]))


def _append(entries: list[Entry], item: os.DirEntry[str]) -> None:
    """Appends a file or directory, unless it was moved since it was listed, or is a link that leads nowhere, or a pipe."""
    with contextlib.suppress(OSError):
        entry = entry_of(item.name, item.stat())
        if entry is not None:
            entries.append(entry)
