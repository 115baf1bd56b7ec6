"""Which of several processes that train one module logs it."""

from __future__ import annotations

import torch


def is_first_process() -> bool:
    """Whether this process logs: the one of rank 0, or the only one."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized() and distributed.get_rank() != 0)
