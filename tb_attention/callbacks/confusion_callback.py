"""The Keras callback that logs confusion matrices while a model trains."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras

from tb_attention.callbacks.cell_examples import ExampleKeeper
from tb_attention.callbacks.class_counts import ClassCounts, read_counts
from tb_attention.callbacks.class_groups import to_class_groups
from tb_attention.callbacks.class_kinds import Wishes
from tb_attention.callbacks.cost import matrix_cost_sentence
from tb_attention.callbacks.counted_outputs import CountedOutput, counted_outputs, metric_outputs
from tb_attention.callbacks.data_sources import Source
from tb_attention.callbacks.example_maps import ExampleMaps
from tb_attention.callbacks.fit_clock import FitClock
from tb_attention.callbacks.fit_logger import FitLogger, numbers_of
from tb_attention.callbacks.matrix_logger import MatrixLogger, Shown
from tb_attention.callbacks.output_counter import OutputCounter
from tb_attention.callbacks.validation_pass import ValidationPass
from tb_attention.errors import ArgumentError
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.writing.arguments import checked_bytes, checked_count, checked_mode, checked_tag
from tb_attention.reduce.class_names import to_class_names
from tb_attention.reduce.confusion import MOST_DENSE
from tb_attention.site import Axis
from tb_attention.steps.failures import Warnings, guarded
from tb_attention.tracing.capturer import check_model
from tb_attention.tracing.select import patterns_of

# One in so many examples of a cell is chosen at random: the most confident ones do not represent a cell.
_RANDOM_SHARE = 3
_MOST_EXAMPLES = 1000


class ConfusionMatrixCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs a confusion matrix every epoch.

    With `validation_data` the model also runs over these data at the end of each epoch. A few examples of each cell are kept,
    with the attention for examples of the most confused cells. Without `validation_data` the counts come from a
    `tb_attention.ConfusionMatrix` in `compile(metrics=[...])`, for training and validation, and no second pass is needed. A model
    with several outputs has one series for each, `<tag>/<output>`.

    Args:
        log_dir: The run's directory, as for `AttentionCallback`.
        validation_data: What `fit` takes: `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset`, a `keras.utils.PyDataset`,
            a Keras iterator of folders or a `DataLoader`; or a function that returns a generator of such batches. Defaults to
            None, for the compiled metric.
        class_names: A name for each class in the order of the model's units, a mapping of names to indices, or a
            `keras.layers.StringLookup`; labels may then be these names. The index is appended to repeated names. Defaults to
            the indices.
        tag: Name of the series. Defaults to "confusion".
        validation_steps: Number of batches of `validation_data` to use; required for data that never end. Defaults to all
            batches. For data of unknown length, defaults to at most as many as `fit` validates on, or, where `fit` does not
            validate, 1,000 or the batches of an epoch if these are more.
        output: For a model with several outputs, the name of the one to count: its key in a dict, or the name of its layer.
            Defaults to all outputs that have a loss and hold classes. Integer outputs are class indices.
        threshold: For one unit and for independent labels, the score at or above which a label counts as positive. Defaults to
            0.5, or to 0 where `model.loss.from_logits` says that scores are logits.
        ignore_class: A label to leave out. Defaults to None.
        multi_label: Whether the classes are independent labels, of which an example may have several. Defaults to False.
        class_groups: A hierarchy of the classes, by which the matrix can be folded:
            `{"tops": ["shirt", "coat"], "shoes": {"closed": [7, 9], "open": [5]}}`. Defaults to none.
        examples: Number of examples to keep for each cell: a third chosen at random, the others with the largest probability.
            0 for none. Defaults to 6. Examples with many labels (segmentation) are not kept.
        attention_examples: Number of examples, from the most confused cells, whose attention is captured at every epoch; 0 for
            none. Defaults to 16.
        max_example_bytes: Bytes of inputs of the kept examples, in memory and at every step; fewer are kept where inputs are
            larger. Defaults to 8e6.
        tokenizer: As for `AttentionCallback`, for texts among the examples. Defaults to the one in the model, if there is one.
        axes: As for `AttentionCallback`.
        sites: As for `AttentionCallback`.
        figures: Whether to draw each matrix with scikit-learn for the Images tab. Defaults to False.
        scalars: Whether to write the macro F1 and the recall of the worst class to the Scalars tab. Defaults to False.
        batch_size: Batch size for arrays. Defaults to 32.
        monitor: As for `AttentionCallback`. Defaults to "val_loss".
        mode: "min", "max" or "auto". Defaults to "auto".

    Raises:
        ArgumentError: An argument is wrong, at construction. Or, at the start of `fit`: there is neither data nor a metric; no
            output holds classes, judging by losses, shapes and labels; the model has several independent labels without
            `multi_label=True`; or `sites` or `axes` name an unknown site. Later failures cost one warning each kind.

    Example:
        model.fit(x, y, callbacks=[tb_attention.ConfusionMatrixCallback("logs/run1", validation_data=(x_val, y_val))])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        validation_data: Any = None,
        *,
        class_names: Iterable[str] | Any = None,
        tag: str = "confusion",
        validation_steps: int | None = None,
        output: str | None = None,
        threshold: float | None = None,
        ignore_class: int | None = None,
        multi_label: bool = False,
        class_groups: Mapping[str, Any] | None = None,
        examples: int = 6,
        attention_examples: int = 16,
        max_example_bytes: float = 8e6,
        tokenizer: Any = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
        sites: str | Iterable[str] | Callable[[str], bool] | None = None,
        figures: bool = False,
        scalars: bool = False,
        batch_size: int = 32,
        monitor: str = "val_loss",
        mode: str = "auto",
    ) -> None:
        super().__init__()
        source = None
        if validation_data is not None:
            source = Source(
                validation_data, "validation_data", batch_size=checked_count("batch_size", batch_size, least=1)
            )
            if source.kind == "generator":
                raise ArgumentError(
                    "`validation_data` is read at every epoch, which a generator cannot be. Pass a function that returns "
                    f"the generator, or a dataset. Received: validation_data={validation_data!r}."
                )
        self.log_dir = checked_directory(log_dir)
        self.tag = checked_tag(tag)
        self.validation_data = validation_data
        self.class_names = to_class_names(class_names)
        self.class_groups = to_class_groups(class_groups, self.class_names)
        self.validation_steps = (
            None if validation_steps is None else checked_count("validation_steps", validation_steps, least=1)
        )
        self.output = output
        self.threshold = threshold
        self.ignore_class = ignore_class
        self.multi_label = multi_label
        self.examples_per_cell = checked_count("examples", examples, least=0)
        self.attention_examples = checked_count("attention_examples", attention_examples, least=0)
        self.max_example_bytes = checked_bytes("max_example_bytes", max_example_bytes)
        self.tokenizer = tokenizer
        self.axes = dict(axes or {})
        self.sites = sites if sites is None or callable(sites) else patterns_of(sites)
        self.figures = figures
        self.scalars = scalars
        self.batch_size = checked_count("batch_size", batch_size, least=1)
        self.monitor = monitor
        self.mode = checked_mode(mode)
        self.warnings = Warnings()
        self._pass = None if source is None else ValidationPass(source, self.validation_steps, self.warnings)
        self._cost_printed: set[str | None] = set()
        self._clock = FitClock(self.log_dir)
        self._loggers: list[MatrixLogger] = []
        self._forget_fit()

    def _forget_fit(self) -> None:
        for matrices in self._loggers:
            matrices.series.stop()
        self._loggers = []
        self._outputs: list[CountedOutput] = []
        self._maps: list[ExampleMaps | None] = []
        self._validated = 0
        self._training: list[ClassCounts | None] = []
        self._validation: list[ClassCounts | None] = []
        if self._pass is not None:
            self._pass.begin_fit()

    def set_model(self, model: Any) -> None:
        """Called by Keras before `fit` starts.

        Raises:
            ArgumentError: `model` is not a Keras 3 model.
        """
        check_model(model)
        super().set_model(model)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Checks that there is something to count."""
        self._forget_fit()
        self._clock = FitClock(self.log_dir)
        self._clock.begin_fit(self)
        if self._pass is None:
            self._outputs = metric_outputs(self.model, self.output, self.class_names)
        else:
            first = self._pass.first_batch(self.model)
            self._outputs = counted_outputs(self.model, self.output, self._wishes(), first)
            self._maps = [self._make_maps() for _ in self._outputs]
            self._check_names(self._pass)
        self._loggers = [self._make_logger(self._tag(output), output.output.name) for output in self._outputs]
        if self._pass is not None:
            self._pass.begin_fit(self._outputs, [self._make_counter(output) for output in self._outputs])
        for counted in self._outputs:
            self._print_cost(counted)

    def _print_cost(self, counted: CountedOutput) -> None:
        """Prints once what matrices of many classes will take."""
        classes = counted.reading.classes
        if classes is None or classes <= MOST_DENSE or counted.output.name in self._cost_printed:
            return
        self._cost_printed.add(counted.output.name)
        epochs = (self.params or {}).get("epochs") or 0
        metric = counted.output.metric is not None
        labels = None if self._pass is None else self._pass.labels_of(counted, self.batch_size)
        print(matrix_cost_sentence(classes, labels, metric, epochs, self.log_dir))

    def _check_names(self, validation: ValidationPass) -> None:
        """Refuses unknown names of sites, where the attention of examples is captured."""
        if not (self.examples_per_cell and self.attention_examples and (self.axes or self.sites is not None)):
            return
        x = validation.first_examples(self.model)
        if x is not None and self._maps and self._maps[0] is not None:
            self._maps[0].check_names(x)

    def _wishes(self) -> Wishes:
        return Wishes(self.multi_label, self.threshold, self.ignore_class, self.class_names)

    def _tag(self, counted: CountedOutput) -> str:
        return self.tag if len(self._outputs) == 1 else f"{self.tag}/{counted.output.name}"

    def _make_logger(self, tag: str, output: str | None) -> MatrixLogger:
        names = None if self.class_names is None else tuple(self.class_names)
        return MatrixLogger(
            FitLogger(self.log_dir, tag, self._clock, self.warnings, monitor=self.monitor, mode=self.mode),
            self._clock,
            self.warnings,
            output=output,
            shown=Shown(names, self.class_groups, self.figures, self.scalars),
        )

    def _make_counter(self, counted: CountedOutput) -> OutputCounter:
        random = self.examples_per_cell // _RANDOM_SHARE

        def make_keeper() -> ExampleKeeper:
            return ExampleKeeper(self.examples_per_cell - random, random, self.max_example_bytes, _MOST_EXAMPLES)

        return OutputCounter(
            counted.outputs,
            counted.output,
            counted.reading,
            counted.wishes,
            labels=counted.labels,
            make_keeper=make_keeper if self.examples_per_cell else None,
            warn=self.warnings.warn,
        )

    def _make_maps(self) -> ExampleMaps:
        return ExampleMaps(
            self.model,
            count=self.attention_examples,
            class_names=self.class_names,
            tokenizer=self.tokenizer,
            axes=self.axes,
            sites=self.sites,
            warn=self.warnings.warn,
        )

    @guarded("The confusion matrix")
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Opens the log at the first epoch."""
        first = self._clock.begin_epoch(epoch, self.model)
        for matrices in self._loggers:
            matrices.series.begin_epoch(first=first)
        self._training = self._validation = []

    @guarded("The confusion matrix")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts batches."""
        self._clock.count_batches(batch)

    @guarded("The confusion matrix")
    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Reads the counts of the training, which the metric still holds here."""
        self._validated = 0
        self._training = self._compiled_counts()

    @guarded("The confusion matrix")
    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts the batches that `fit` validates on."""
        self._validated = batch + 1

    @guarded("The confusion matrix")
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Reads the counts of the validation."""
        self._validation = self._compiled_counts()

    @guarded("The confusion matrix of an epoch")
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts the validation data, where it was given, and logs the matrices."""
        training = self._training or self._compiled_counts()
        nothing: list[ClassCounts | None] = [None] * len(self._loggers)
        validation = self._validation or nothing
        try:
            if self._pass is not None:
                validation = self._pass.count(self.model, self._validated, (self.params or {}).get("steps") or 0)
            metrics = numbers_of(logs, self.model)
            for index, matrices in enumerate(self._loggers):
                if self._pass is not None and index in self._pass.failed and training[index] is None:
                    continue
                kept = self._pass.counters[index].kept if self._pass is not None else None
                maps = self._maps[index] if self._maps else None
                matrices.log({"validation": validation[index], "training": training[index]}, kept, maps, metrics)
        except ArgumentError as error:
            # Training has begun: data that do not fit cost a warning, and training goes on.
            self.warnings.warn("argument", f"The confusion matrix of an epoch was lost; training goes on. {error}")

    @guarded("The end of the confusion log")
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Waits for the writer and closes it."""
        for matrices in self._loggers:
            matrices.series.end()
        self._clock.end_fit()
        self._maps = []
        if self._pass is not None:
            self._pass.begin_fit()

    def _compiled_counts(self) -> list[ClassCounts | None]:
        metrics = [counted.output.metric for counted in self._outputs]
        return [None if metric is None else read_counts(metric) for metric in metrics]
