"""The callback that logs attention while the `Trainer` of Hugging Face trains."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import transformers

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.writing.arguments import checked_frequency, checked_tag
from tb_attention.steps.failures import Warnings, guarded
from tb_attention.torch.attention_logger import AttentionLogger
from tb_attention.torch.evaluation_matrix import EvaluationMatrix, accuracy_of, as_classes

# What an evaluation reports of itself.
_BOOKS = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")


class TrainerCallback(transformers.TrainerCallback):  # type: ignore[misc]
    """Logs the weights of all attention heads for a few samples while a `transformers.Trainer` trains.

    Training results are bit-identical to those without the callback. Metrics of an evaluation belong to the step after which it
    runs: "eval_loss" is logged as "val_loss", and so on. The tokenizer is that of the trainer (`processing_class`), and names of
    classes are those in the configuration of the model. Where the trainer gets its `count_confusion` as `compute_metrics`, the
    confusion matrix of each evaluation is logged too.

    Args:
        log_dir: The run's directory, below the `--logdir` of TensorBoard: a path, or a URL that fsspec knows.
        samples: The examples to follow, as for `AttentionLogger`: a dataset, such as that of the evaluation, or a batch of it.
            The first `max_samples` are copied.
        update_freq: "epoch" (the step is the epoch, from 0), "evaluate" (after each evaluation; the step is the number of
            optimizer steps), or a number of optimizer steps. Defaults to "epoch".
        init: Whether to log the model before training, if training begins at step 0. Defaults to True.
        tag: Name of the series. Defaults to "attention".
        **options: Further arguments of `AttentionLogger`, such as `sites`.

    Raises:
        ArgumentError: An argument is wrong, at construction or at the start of training. Later failures cost one warning each
            kind (`tb_attention.errors.AttentionWarning`) and never stop training.

    Example:
        attention = tb_attention.torch.TrainerCallback("logs/run1", samples=dataset["test"])
        trainer = Trainer(model, ..., compute_metrics=attention.count_confusion, callbacks=[attention])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        samples: Any,
        *,
        update_freq: str | int = "epoch",
        init: bool = True,
        tag: str = "attention",
        **options: Any,
    ) -> None:
        self.log_dir = checked_directory(log_dir)
        self.tag = checked_tag(tag)
        self.every = None if update_freq == "evaluate" else checked_frequency(update_freq)
        self.update_freq = update_freq
        self.init = init
        self.warnings = Warnings()
        self._samples = samples
        self._options = options
        self._logger: AttentionLogger | None = None
        self._waiting: StepRecord | None = None
        self._matrix: EvaluationMatrix | None = None

    def count_confusion(self, prediction: Any) -> dict[str, float]:
        """Counts the predictions of an evaluation: give it to the trainer as `compute_metrics`, or call it in your own.

        While a training runs, the matrix is logged with the tag "confusion", at the step that the evaluation belongs to.

        Args:
            prediction: What the trainer passes: `predictions` are logits `(examples, ..., classes)`, or a tuple that begins with
                them; `label_ids` are class indices, of which -100 is not counted. Other outputs cost one warning.

        Returns:
            `{"accuracy": ...}`, from 0 to 1; nothing where the outputs are no classes.
        """
        labels, scores = as_classes(prediction)
        if self._matrix is not None:
            self._matrix.count(labels, scores)
        return accuracy_of(labels, scores)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Copies the samples and checks them against the model."""
        if not state.is_world_process_zero:
            return
        if args.deepspeed or args.fsdp:
            raise ArgumentError(
                "`TrainerCallback` needs the whole model in one process. Received: a trainer with "
                f"{'deepspeed' if args.deepspeed else 'fsdp'}; log checkpoints with `tb_attention.log` instead."
            )
        self._logger = AttentionLogger(
            kwargs["model"],
            self._samples,
            self.log_dir,
            tag=self.tag,
            **{"tokenizer": kwargs.get("processing_class") or kwargs.get("tokenizer"), **self._options},
        )
        self._logger.warnings = self.warnings
        self._matrix = EvaluationMatrix(self.log_dir, self._logger.class_names, self.warnings)
        self._waiting = None
        if self.init and state.global_step == 0:
            self._logger.step("init", epoch=0, batch=0)

    @guarded("The attention of a step")
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Logs where `update_freq` says so."""
        self._flush()
        if self.every is not None and state.global_step % self.every == 0:
            self._note(state.global_step, state)

    @guarded("The attention of an epoch")
    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Logs the epoch."""
        if self.every is None and self.update_freq != "evaluate":
            self._flush()
            self._note(_epoch(state), state)

    @guarded("The attention after an evaluation")
    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        """Gives the metrics of the evaluation to the step that it was made for, or logs."""
        if self.update_freq == "evaluate":
            self._note(state.global_step, state)
        if self._waiting is not None:
            logs = {**self._waiting.logs, **_named(metrics or {})}
            self._waiting = dataclasses.replace(self._waiting, logs=logs)
        if self._matrix is not None:
            by_epoch = self.update_freq == "epoch"
            step = _epoch(state) if by_epoch else state.global_step
            self._matrix.write(step, _named(metrics or {}), _epoch(state), state.global_step)
        self._flush()

    @guarded("The end of the attention log")
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Waits for the writer and closes it."""
        self._flush()
        ended = (self._matrix, self._logger)
        self._matrix = self._logger = None
        for each in ended:
            if each is not None:
                each.close()

    def _note(self, step: Step, state: Any) -> None:
        """Captures a step, and keeps it until the metrics of its evaluation are there or it is clear that there is none."""
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        metrics = {"loss": float(losses[-1])} if losses else {}
        if self._logger is not None:
            self._waiting = self._logger.record(step, metrics, _epoch(state), state.global_step)

    def _flush(self) -> None:
        record, self._waiting = self._waiting, None
        if record is not None and self._logger is not None:
            self._logger.write(record)


def _epoch(state: Any) -> int:
    """The epoch that is trained or has just ended, from 0."""
    done = float(state.epoch or 0)
    return max(0, int(done) - (done == int(done)))


def _named(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of an evaluation, by the names that curves of Keras have."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float) and name != "epoch"}
    return {
        f"val_{name.removeprefix('eval_')}" if name.startswith("eval_") else name: float(value)
        for name, value in numbers.items()
        if not name.endswith(_BOOKS)
    }
