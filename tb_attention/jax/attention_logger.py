"""Logs the attention of a model of JAX, Flax or Equinox in any training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step
from tb_attention.steps.step_logger import StepLogger
from tb_attention.tracing.chosen_backend import is_of_jax


class AttentionLogger(StepLogger):
    """Logs the weights of all attention heads of a model for a few samples, each time `step` is called.

    Each step is a separate, compiled pass of the model at inference, which changes nothing of it, so training results are
    bit-identical to those without the logger. Weights are encoded and written in a separate thread. Of several processes
    (`jax.distributed`) the first one logs; `step` does nothing in the others.

    Args:
        model: The model with its parameters: a module of Flax nnx or of Equinox; a module of Flax linen bound to its variables,
            `model.bind(variables)`; or a function, `functools.partial(function, params)`.
        samples: The examples to follow: `(inputs, labels)`; inputs, such as an array or a dict of arrays; a list of examples; a
            dataset with examples by index; or a `tb_attention.Samples`. The first `max_samples` are copied.
        log_dir, tag, max_samples, class_names, tokenizer, axes, sites, max_bytes, max_positions, full_rows, max_capture_bytes: As
            for `tb_attention.torch.AttentionLogger`.

    Raises:
        ArgumentError: An argument is wrong. Later failures cost one warning each kind (`tb_attention.errors.AttentionWarning`)
            and never stop a training.

    Example:
        with tb_attention.jax.AttentionLogger(model, (x_val[:8], y_val[:8]), "logs/run1") as logger:
            for epoch in range(10):
                ...
                logger.step(epoch, model=model, metrics={"val_loss": loss})
    """

    @staticmethod
    def check(model: Any) -> None:
        """Raises ArgumentError if it is no model of JAX."""
        if not is_of_jax(model):
            raise ArgumentError(
                "`model` must be a module of Flax nnx or Equinox, a module of Flax linen bound to its variables, or a "
                f"`functools.partial` of a function and its parameters. Received: {type(model)}."
            )

    @staticmethod
    def is_first_process() -> bool:
        """Whether this process is the first, or the only one."""
        return bool(jax.process_index() == 0)

    def step(
        self,
        step: Step,
        metrics: Mapping[str, Any] | None = None,
        *,
        model: Any = None,
        epoch: int | None = None,
        batch: int | None = None,
    ) -> None:
        """Logs the model as it is now.

        Args:
            step: An integer of at least 0, such as the epoch or the count of batches, or "init" for the model before training.
            metrics: Numbers by name, such as the loss. The step with the smallest "val_loss" (or "loss", if there is none) is
                marked as the best. Defaults to none.
            model: The model with its parameters of now. Defaults to that of the step before, which is right for modules of nnx,
                since training changes them in place.
            epoch: From 0. Training that starts at a later epoch continues the newest attempt. Defaults to none.
            batch: Batches that the model has seen. Defaults to none.

        Raises:
            ArgumentError: An argument is wrong.
        """
        if model is not None:
            self.check(model)
            self._recorder.follow(model)
        super().step(step, metrics, epoch=epoch, batch=batch)
