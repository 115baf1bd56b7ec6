"""Logs the attention of a PyTorch module in any training loop."""

from __future__ import annotations

from typing import Any

from tb_attention.errors import ArgumentError
from tb_attention.steps.step_logger import StepLogger
from tb_attention.torch.processes import is_first_process
from tb_attention.tracing.chosen_backend import is_module


class AttentionLogger(StepLogger):
    """Logs the weights of all attention heads of a module for a few samples, each time `step` is called.

    Each step is a separate pass of the module at inference. The module, its gradients and the random generators are the same
    afterwards, so training results are bit-identical to those without the logger. Weights are encoded and written in a separate
    thread. Of several processes (`torch.distributed`) the first one logs; `step` does nothing in the others.

    Args:
        model: The module.
        samples: The examples to follow: `(inputs, labels)`; inputs, such as a tensor or a tokenizer's `BatchEncoding`; a list of
            examples; a dataset with examples by index; a `DataLoader`, whose dataset and `collate_fn` are used; or a
            `tb_attention.Samples`. Labels may be in dicts, as "labels". The first `max_samples` are copied.
        log_dir: The run's directory, below the `--logdir` of TensorBoard: a path, or a URL that fsspec knows.
        tag: Name of the series. Defaults to "attention".
        max_samples: Number of samples to follow, at least 1. Defaults to 32.
        class_names: Names of the classes, in the order of the classes. Defaults to those in the configuration of a model of
            Hugging Face, those of a `tb_attention.Samples`, or the indices.
        tokenizer: Turns ids into words: a tokenizer of Hugging Face, or a function from one sequence of ids to a list of strings.
        axes: Axes by site path, for sites where detection fails. Defaults to the detected axes.
        sites: The path of a site or of a module that contains some, a pattern ("*attention*"), several of these, or a function
            of a site's path that returns whether to log it. Defaults to all.
        max_bytes: Bytes that the steps may take on disk. Beyond, steps are removed: the first, the last and the best stay, and
            older steps are thinned more. Defaults to 2e9; None for no limit.
        max_positions: Maps with more queries or keys are pooled by maximum before they are stored. Defaults to 1024.
        full_rows: Indices of queries whose rows are also stored unpooled (-1 is the last). Defaults to none.
        max_capture_bytes: Bytes of weights to capture at once; more samples are captured in chunks. Defaults to 256e6.

    Raises:
        ArgumentError: An argument is wrong. Later failures cost one warning each kind (`tb_attention.errors.AttentionWarning`)
            and never stop a training.

    Example:
        with tb_attention.torch.AttentionLogger(model, (x_val[:8], y_val[:8]), "logs/run1") as logger:
            for epoch in range(10):
                ...
                logger.step(epoch, metrics={"val_loss": loss})
    """

    @staticmethod
    def check(model: Any) -> None:
        """Raises ArgumentError if it is no module of PyTorch."""
        if not is_module(model):
            raise ArgumentError(f"`model` must be a PyTorch module (`torch.nn.Module`). Received: {type(model)}.")

    @staticmethod
    def is_first_process() -> bool:
        """Whether this process is that of rank 0, or the only one."""
        return is_first_process()
