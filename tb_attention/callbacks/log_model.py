"""Logs the attention of a trained model, such as a checkpoint."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tb_attention.errors import AttentionWarning, LogError
from tb_attention.records.reading.reader import load
from tb_attention.records.writing.arguments import checked_count, checked_metrics
from tb_attention.records.writing.attempt_start import join_attempt
from tb_attention.records.writing.series_logger import SeriesLogger
from tb_attention.site import Axis
from tb_attention.steps.module_recorder import ModuleRecorder
from tb_attention.steps.site_recorder import SiteRecorder
from tb_attention.tracing.capturer import check_model
from tb_attention.tracing.chosen_backend import is_keras, is_of_jax


def log(
    model: Any,
    samples: Any,
    log_dir: str | os.PathLike[str],
    *,
    step: int,
    epoch: int | None = None,
    metrics: Mapping[str, float] | None = None,
    tag: str = "attention",
    max_samples: int = 32,
    class_names: Iterable[str] | None = None,
    tokenizer: Any = None,
    axes: Mapping[str, Sequence[Axis]] | None = None,
    sites: str | Iterable[str] | Callable[[str], bool] | None = None,
) -> None:
    """Logs one step of a trained model, as `AttentionCallback` does in `fit`. The step is on disk when this returns.

    Of several processes that train one model (`tf.distribute`, `keras.distribution`) only the chief logs.

    Warns (`AttentionWarning`) if samples attend to each other, if no attention was found, or if a site could not be captured.

    Args:
        model: A Keras model, a module of PyTorch, or a model of JAX with its parameters, as for
            `tb_attention.jax.AttentionLogger`. It is not changed.
        samples: The examples to follow, as for `AttentionCallback`, or for the `AttentionLogger` of PyTorch or JAX.
        log_dir: The run's directory. Steps are added to its newest attempt, or to a new one, with a warning, while another
            process writes that; an existing step is replaced.
        step: An integer of at least 0, such as the number of the checkpoint.
        epoch: The epoch of the checkpoint, from 0. Defaults to `step`.
        metrics: Values by name, such as {"val_loss": 0.3}, for the curves above the maps. Defaults to none.
        tag: Name of the series. Defaults to "attention".
        max_samples: Number of samples to follow. Defaults to 32.
        class_names: As for `AttentionCallback`.
        tokenizer: As for `AttentionCallback`.
        axes: As for `AttentionCallback`.
        sites: As for `AttentionCallback`.

    Raises:
        ArgumentError: An argument is wrong, or the samples do not fit the model.
        CaptureError: The model could be neither traced nor run.
        LogError: The step could not be written.

    Example:
        for step, path in enumerate(sorted(Path("checkpoints").glob("*.keras"))):
            tb_attention.log(keras.models.load_model(path), (x_val[:8], y_val[:8]), "logs/run1", step=step)
    """
    step = checked_count("step", step, least=0)
    check_model(model)
    if not _is_to_log(model):
        return
    logger = SeriesLogger(log_dir, tag)
    recorder: SiteRecorder = _recorder_of(model)(
        model,
        samples,
        max_samples=checked_count("max_samples", max_samples, least=1),
        class_names=class_names,
        tokenizer=tokenizer,
        axes=dict(axes or {}),
        sites=sites,
    )
    # Captured before an attempt is begun: what is refused leaves nothing behind.
    record = recorder.record(step, epoch=step if epoch is None else epoch, batch=None, logs=checked_metrics(metrics))
    attempts = load(logger.log_dir, tag=tag).attempts if tag in load(logger.log_dir).tags else []
    beginning = join_attempt(logger.log_dir, tag, attempts[-1] if attempts else 1)
    if beginning.refused is not None:
        warnings.warn(beginning.refused, AttentionWarning, stacklevel=2)
    logger.open(beginning)
    try:
        logger.log(record, recorder.samples)
    finally:
        logger.close()
    for _, sentence in recorder.missing():
        warnings.warn(sentence, AttentionWarning, stacklevel=2)
    for _, error in logger.failures:
        raise (
            error if isinstance(error, LogError) else LogError(f"Step {step} could not be written: {error}")
        ) from error


def _is_to_log(model: Any) -> bool:
    """Whether this process logs. Nothing of Keras is imported for other models."""
    if is_keras(model):
        from tb_attention.callbacks.chief import is_chief

        return is_chief(model)
    if is_of_jax(model):
        return bool(sys.modules["jax"].process_index() == 0)
    distributed = sys.modules["torch"].distributed
    return not (distributed.is_available() and distributed.is_initialized() and distributed.get_rank() != 0)


def _recorder_of(model: Any) -> Callable[..., SiteRecorder]:
    if is_keras(model):
        from tb_attention.callbacks.recorder import Recorder

        return Recorder
    return ModuleRecorder
