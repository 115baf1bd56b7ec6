"""Records one step of the attention of a module of PyTorch or a model of JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.long_axes import MAX_POSITIONS
from tb_attention.site import Axis
from tb_attention.steps.grouped_capture import MAX_CAPTURE_BYTES
from tb_attention.steps.module_predictions import read_module_predictions
from tb_attention.steps.module_samples import module_samples
from tb_attention.steps.site_recorder import SiteRecorder
from tb_attention.steps.tokens import with_tokens
from tb_attention.tracing.capturer import check_model


class ModuleRecorder(SiteRecorder):
    """Runs a module of PyTorch or a model of JAX over its samples and records what it attends to.

    Args:
        model: The module, or a model of JAX with its parameters, as for `log`.
        source: As for `module_samples`; the first `max_samples` are copied here.
        max_samples: Number of samples to follow.
        class_names: Names of the classes, or None.
        tokenizer: As for `AttentionCallback`, or None.
        axes, sites, max_positions, full_rows, max_capture_bytes, warn: As for `SiteRecorder`.

    Raises:
        ArgumentError: `model` is of another kind, or the samples are of no known kind.
    """

    def __init__(
        self,
        model: Any,
        source: Any,
        *,
        max_samples: int,
        class_names: Iterable[str] | None,
        tokenizer: Any,
        axes: Mapping[str, Sequence[Axis]],
        sites: str | Iterable[str] | Callable[[str], bool] | None,
        max_positions: int = MAX_POSITIONS,
        full_rows: Sequence[int] = (),
        max_capture_bytes: float = MAX_CAPTURE_BYTES,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        check_model(model)
        samples: Samples = module_samples(source, model, max_samples=max_samples, class_names=class_names)
        super().__init__(
            model,
            with_tokens(samples, model, tokenizer),
            lambda outputs: read_module_predictions(outputs, model, len(samples), samples.labels),
            axes=axes,
            sites=sites,
            max_positions=max_positions,
            full_rows=full_rows,
            max_capture_bytes=max_capture_bytes,
            warn=warn,
        )
