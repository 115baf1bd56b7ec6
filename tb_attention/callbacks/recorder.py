"""Records one step of a Keras model's attention, over samples as `fit` takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tb_attention.callbacks.first_samples import to_samples
from tb_attention.callbacks.model_inputs import check_inputs
from tb_attention.callbacks.shown_output import ShownOutput, read_predictions
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.long_axes import MAX_POSITIONS
from tb_attention.site import Axis
from tb_attention.steps.grouped_capture import MAX_CAPTURE_BYTES
from tb_attention.steps.site_recorder import SiteRecorder
from tb_attention.steps.tokens import with_tokens
from tb_attention.tracing.capturer import check_model


class Recorder(SiteRecorder):
    """Runs a Keras model over its samples and records what it attends to.

    Args:
        model: The Keras model.
        source: What the user passes as samples; the first `max_samples` are copied here.
        max_samples: Number of samples to follow.
        class_names: Names of the classes, or None.
        tokenizer: As for `AttentionCallback`, or None.
        axes, sites, max_positions, full_rows, max_capture_bytes, warn: As for `SiteRecorder`.
        shown: The output of the model to show next to the samples. By default it is chosen here.

    Raises:
        ArgumentError: `model` is not a Keras 3 model, or the samples do not fit it.
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
        shown: ShownOutput | None = None,
    ) -> None:
        check_model(model)
        shown = shown or ShownOutput()
        samples = to_samples(source, model, max_samples=max_samples, class_names=class_names, shown=shown)
        check_inputs(samples.inputs, model)
        self._tokenizer = tokenizer
        super().__init__(
            model,
            with_tokens(samples, model, tokenizer),
            lambda outputs: read_predictions(outputs, model, len(samples), samples.labels, shown=shown),
            axes=axes,
            sites=sites,
            max_positions=max_positions,
            full_rows=full_rows,
            max_capture_bytes=max_capture_bytes,
            warn=warn,
        )

    def prepared(self, samples: Samples) -> Samples:
        """Other samples of the same model, with their tokens."""
        return with_tokens(samples, self.model, self._tokenizer)
