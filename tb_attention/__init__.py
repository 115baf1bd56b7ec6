"""What a model attends to while it trains, in TensorBoard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tb_attention import errors
from tb_attention._version import __version__

if TYPE_CHECKING:
    from tb_attention import torch
    from tb_attention.callbacks.attention_callback import AttentionCallback
    from tb_attention.callbacks.confusion_callback import ConfusionMatrixCallback
    from tb_attention.callbacks.log_model import log
    from tb_attention.export.notebook import show
    from tb_attention.export.stand_alone_page import export_html
    from tb_attention.metrics.confusion_matrix import ConfusionMatrix
    from tb_attention.records.reading.reader import Log, load
    from tb_attention.records.samples.samples import Samples
    from tb_attention.records.writing.attention_writer import AttentionWriter
    from tb_attention.records.writing.confusion_writer import ConfusionWriter
    from tb_attention.records.writing.sync import sync
    from tb_attention.site import Axis, Site
    from tb_attention.tracing.capture import capture
    from tb_attention.tracing.explanation import explain

# Where each public name lives. They are imported when first used, so that `import tb_attention` costs nothing and the
# writer works where TensorFlow is not installed.
_HOMES = {
    "AttentionCallback": "tb_attention.callbacks.attention_callback",
    "AttentionWriter": "tb_attention.records.writing.attention_writer",
    "Axis": "tb_attention.site",
    "ConfusionMatrix": "tb_attention.metrics.confusion_matrix",
    "ConfusionMatrixCallback": "tb_attention.callbacks.confusion_callback",
    "ConfusionWriter": "tb_attention.records.writing.confusion_writer",
    "Log": "tb_attention.records.reading.reader",
    "Samples": "tb_attention.records.samples.samples",
    "Site": "tb_attention.site",
    "capture": "tb_attention.tracing.capture",
    "explain": "tb_attention.tracing.explanation",
    "export_html": "tb_attention.export.stand_alone_page",
    "load": "tb_attention.records.reading.reader",
    "log": "tb_attention.callbacks.log_model",
    "show": "tb_attention.export.notebook",
    "sync": "tb_attention.records.writing.sync",
}
# Front doors of frameworks, which have public names of their own.
_PACKAGES = ("torch",)

__all__ = [
    "AttentionCallback",
    "AttentionWriter",
    "Axis",
    "ConfusionMatrix",
    "ConfusionMatrixCallback",
    "ConfusionWriter",
    "Log",
    "Samples",
    "Site",
    "__version__",
    "capture",
    "errors",
    "explain",
    "export_html",
    "load",
    "log",
    "show",
    "sync",
    "torch",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "tb_attention":
            raise
        from tb_attention.errors import MissingDependencyError

        raise MissingDependencyError(
            f'tb_attention.{name} needs pip install "tb-attention[keras]" (there is no module {error.name!r}).'
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
