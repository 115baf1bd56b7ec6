"""The callback that logs attention while a `Trainer` of Lightning trains."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tb_attention.errors import ArgumentError
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.writing.arguments import checked_frequency, checked_tag
from tb_attention.steps.failures import Warnings, guarded
from tb_attention.torch.attention_logger import AttentionLogger

# Lightning comes as two packages of one content. That of the trainer is the one that is imported.
_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_SPREAD = ("FSDPStrategy", "DeepSpeedStrategy", "ModelParallelStrategy")


def _callback_class() -> Any:
    imported = [name for name in _PACKAGES if name in sys.modules]
    installed = [name for name in _PACKAGES if find_spec(name.partition(".")[0]) is not None]
    return import_module([*imported, *installed, _PACKAGES[0]][0]).Callback


if TYPE_CHECKING:
    _Callback = object
else:
    _Callback = _callback_class()


class LightningCallback(_Callback):
    """Logs the weights of all attention heads for a few samples while a `Trainer` of Lightning trains.

    Training results are bit-identical to those without the callback. The metrics of a step are those that the module has logged
    (`trainer.callback_metrics`), by their names.

    Args:
        log_dir: The run's directory, below the `--logdir` of TensorBoard: a path, or a URL that fsspec knows.
        samples: The examples to follow, as for `AttentionLogger`: what `forward` of the module takes, or a dataset or
            `DataLoader` with batches of `(inputs, labels)`. The first `max_samples` are copied. Defaults to the validation
            data of the trainer.
        update_freq: "epoch" (the step is the epoch, from 0), or a number of optimizer steps. Defaults to "epoch".
        init: Whether to log the model before training, if training begins at step 0. Defaults to True.
        tag: Name of the series. Defaults to "attention".
        **options: Further arguments of `AttentionLogger`, such as `sites`.

    Raises:
        ArgumentError: An argument is wrong, at construction or at the start of training. Later failures cost one warning each
            kind (`tb_attention.errors.AttentionWarning`) and never stop training.

    Example:
        trainer = Trainer(max_epochs=10, callbacks=[tb_attention.torch.LightningCallback("logs/run1")])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        samples: Any = None,
        *,
        update_freq: str | int = "epoch",
        init: bool = True,
        tag: str = "attention",
        **options: Any,
    ) -> None:
        self.log_dir = checked_directory(log_dir)
        self.tag = checked_tag(tag)
        self.every = checked_frequency(update_freq)
        self.init = init
        self.warnings = Warnings()
        self._samples = samples
        self._options = options
        self._logger: AttentionLogger | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Copies the samples and checks them against the module."""
        if not trainer.is_global_zero:
            return
        strategy = type(trainer.strategy).__name__
        if strategy in _SPREAD:
            raise ArgumentError(
                f"`LightningCallback` needs the whole module in one process. Received: a trainer with {strategy}; log "
                "checkpoints with `tb_attention.log` instead."
            )
        samples = self._samples if self._samples is not None else trainer.val_dataloaders
        if samples is None:
            raise ArgumentError("`samples` must be given where the trainer has no validation data. Received: None.")
        self._logger = AttentionLogger(pl_module, samples, self.log_dir, tag=self.tag, **self._options)
        self._logger.warnings = self.warnings
        if self.init and trainer.global_step == 0:
            self._logger.step("init", epoch=0, batch=0)

    @guarded("The attention of a step")
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Logs where `update_freq` says so."""
        if self.every is not None and trainer.global_step % self.every == 0:
            self._log(trainer.global_step, trainer)

    @guarded("The attention of an epoch")
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Logs the epoch, which has been validated."""
        if self.every is None:
            self._log(trainer.current_epoch, trainer)

    @guarded("The end of the attention log")
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Waits for the writer and closes it."""
        self._close(finished=True)

    @guarded("The end of the attention log")
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Closes the log of a training that failed."""
        self._close(finished=False)

    def _log(self, step: int, trainer: Any) -> None:
        if self._logger is not None:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self._logger.step(step, metrics, epoch=trainer.current_epoch, batch=trainer.global_step)

    def _close(self, *, finished: bool) -> None:
        logger, self._logger = self._logger, None
        if logger is not None:
            logger.close(finished=finished)
