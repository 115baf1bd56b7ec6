"""Which outputs of a model are counted, decided at the start of `fit`; what holds no classes is refused there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tb_attention.callbacks.class_kinds import Reading, Wishes, read_kind
from tb_attention.callbacks.data_sources import Batch
from tb_attention.callbacks.label_facts import Labels, describe_labels
from tb_attention.callbacks.model_outputs import MISSING, ModelOutput, ModelOutputs, outputs_of
from tb_attention.callbacks.output_counter import raise_for
from tb_attention.errors import ArgumentError


@dataclass(frozen=True)
class CountedOutput:
    """An output that is counted.

    Attributes:
        outputs: All outputs of the model.
        output: Which of them.
        reading: How it is read, as far as it is known.
        wishes: What the user says about its classes.
        labels: What is known of its labels, or None.
    """

    outputs: ModelOutputs
    output: ModelOutput
    reading: Reading
    wishes: Wishes
    labels: Labels | None = None


def metric_outputs(model: Any, wanted: str | None, class_names: Sequence[str] | None) -> list[CountedOutput]:
    """The outputs that a compiled `ConfusionMatrix` counts.

    Args:
        model: A compiled Keras model.
        wanted: The name of one output, or None for all.
        class_names: Names of the classes, or None.

    Raises:
        ArgumentError: There is none, or a metric does not fit the loss.
    """
    outputs = outputs_of(model)
    chosen = [output for output in _wanted(outputs, wanted) if output.metric is not None]
    if not chosen:
        raise ArgumentError(
            "ConfusionMatrixCallback needs `validation_data`, or a tb_attention.ConfusionMatrix in "
            "compile(metrics=[...]). Received: neither."
        )
    counted = []
    for output in chosen:
        assert output.metric is not None
        _check_metric(output)
        reading = Reading("labels" if output.metric.multi_label else "classes", classes=output.metric.num_classes)
        counted.append(CountedOutput(outputs, output, reading, Wishes()))
    _check_names(counted, class_names)
    return counted


def counted_outputs(model: Any, wanted: str | None, wishes: Wishes, first: Batch) -> list[CountedOutput]:
    """The outputs to count over validation data: the wanted one, or else all that hold classes.

    Args:
        model: A compiled Keras model.
        wanted: The name of one output, or None for all.
        wishes: What the user says about the classes.
        first: What is known of the validation data: arrays, or specifications with `shape` and `dtype`.

    Raises:
        ArgumentError: There is none, or the wanted output is known to hold no classes.
    """
    outputs = outputs_of(model, first.x)
    found = [_counted(outputs, output, wishes, first.y) for output in _wanted(outputs, wanted)]
    chosen = [counted for counted in found if counted.reading.kind != "none" and _is_meant(counted, wanted)]
    if not chosen:
        if len(found) == 1:
            raise_for(found[0].output, found[0].reading, found[0].wishes)
        raise ArgumentError(
            "No output of the model can be counted. "
            + " ".join(f"{counted.output.spelled} {_reason(counted)}." for counted in found)
        )
    for counted in chosen:
        raise_for(counted.output, counted.reading, counted.wishes)
    _check_names(chosen, wishes.class_names)
    return chosen


def _wanted(outputs: ModelOutputs, wanted: str | None) -> list[ModelOutput]:
    names = [output.name or "output" for output in outputs]
    if wanted is not None and wanted not in names:
        raise ArgumentError(f"`output` must be one of {names}. Received: output={wanted!r}.")
    return [output for output, name in zip(outputs, names, strict=True) if wanted in (None, name)]


def _counted(outputs: ModelOutputs, output: ModelOutput, wishes: Wishes, y: Any) -> CountedOutput:
    label = outputs.label(output, y)
    if label is MISSING:
        return CountedOutput(outputs, output, Reading("none", "has no labels in `validation_data`"), wishes)
    labels = describe_labels(label)
    # Only outputs that may have several labels an example have them.
    of_one_class = len(outputs) > 1 and output.loss.family == "categorical"
    mine = replace(wishes, multi_label=False) if of_one_class else wishes
    return CountedOutput(outputs, output, read_kind(output, labels, mine), mine, labels)


def _is_meant(counted: CountedOutput, wanted: str | None) -> bool:
    """Whether to count an output: those without a loss, such as attention next to the prediction, only if the user asks."""
    no_losses = all(output.loss.family == "missing" for output in counted.outputs)
    return (
        wanted is not None or no_losses or counted.output.loss.family != "missing" or counted.output.metric is not None
    )


def _reason(counted: CountedOutput) -> str:
    return counted.reading.reason or "has no loss; `output=` asks for it"


def _check_metric(output: ModelOutput) -> None:
    metric = output.metric
    assert metric is not None
    if output.loss.family == "hinge" and metric.num_classes == 2 and not (metric.signed or metric.multi_label):
        raise ArgumentError(
            f"{output.spelled} has a hinge loss, whose labels are -1 and 1 and whose border is 0. "
            "ConfusionMatrix(2, signed=True) counts these. Received: signed=False."
        )
    one = output.shape is not None and (len(output.shape) == 1 or output.shape[-1] == 1)
    if one and output.loss.from_logits and not metric.from_logits and metric.threshold is None:
        raise ArgumentError(
            f"{output.spelled} gives logits to its loss: ConfusionMatrix(2, from_logits=True) has its border at 0. "
            "Received: from_logits=False."
        )


def _check_names(counted: Sequence[CountedOutput], class_names: Sequence[str] | None) -> None:
    """Several outputs may have different numbers of classes."""
    if len(counted) != 1 or class_names is None:
        return
    classes = counted[0].reading.classes
    if classes is not None and len(class_names) != classes:
        raise ArgumentError(
            f"`class_names` must have a name for each of the {classes} classes. "
            f"Received: {len(class_names)} names, {list(class_names)[:20]}."
        )
