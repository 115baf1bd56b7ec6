"""What users of PyTorch and Hugging Face put into their loops and trainers, and around `generate`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tb_attention.torch.attention_logger import AttentionLogger
    from tb_attention.torch.generation import Generation, capture_generation
    from tb_attention.torch.lightning_callback import LightningCallback
    from tb_attention.torch.trainer_callback import TrainerCallback

# Imported when first used: the callbacks need transformers or Lightning, the logger does not.
_HOMES = {
    "AttentionLogger": "tb_attention.torch.attention_logger",
    "Generation": "tb_attention.torch.generation",
    "capture_generation": "tb_attention.torch.generation",
    "LightningCallback": "tb_attention.torch.lightning_callback",
    "TrainerCallback": "tb_attention.torch.trainer_callback",
}

__all__ = ["AttentionLogger", "Generation", "LightningCallback", "TrainerCallback", "capture_generation"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "tb_attention":
            raise
        from tb_attention.errors import MissingDependencyError

        package = "lightning" if name == "LightningCallback" else '"tb-attention[huggingface]"'
        raise MissingDependencyError(
            f"tb_attention.torch.{name} needs pip install {package} (there is no module {error.name!r})."
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
