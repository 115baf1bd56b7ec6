"""What a log says of its own progress; advisory, so whatever is wrong with it, there is just none."""

from __future__ import annotations

import math
import time
from typing import Any

from tb_attention.errors import AttentionError
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.logs import Attempt
from tb_attention.records.format import json_text, paths

# A killed process cannot say that it stopped.
_SILENT_SECONDS = 600.0
_MOST_BYTES = 1 << 20

_texts: BoundedCache[bytes] = BoundedCache(4 << 20, weigh=lambda text: len(text) + 200)


def read(attempt: Attempt) -> dict[str, Any] | None:
    """The status of an attempt, or None. `running` becomes `stopped` after ten minutes without a word."""
    entry = attempt.listing.get(paths.STATUS)
    if entry is None:
        return None
    path = attempt.file(paths.STATUS)
    key = (attempt.folder.url, path, entry.version)
    try:
        text = _texts.get(key, lambda: attempt.folder.read(path, _MOST_BYTES))
        # Once more through JSON: a file of somebody else's may hold bare NaN, which browsers refuse.
        status = json_text.loads(json_text.dumps(json_text.loads(text, paths.STATUS)), paths.STATUS)
    except (AttentionError, OSError):
        return None
    updated = status.get("updated")
    told = updated if isinstance(updated, int | float) and math.isfinite(updated) else 0.0
    if status.get("state") == "running" and time.time() - told > _SILENT_SECONDS:
        status["state"] = "stopped"
    return status
