"""Whether an output of a model holds classes, and of which kind: by its loss, its shape and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tb_attention.callbacks.label_facts import Facts, Labels
from tb_attention.callbacks.losses import CompiledLoss
from tb_attention.callbacks.model_outputs import ModelOutput
from tb_attention.callbacks.thresholds import Thresholds, read_thresholds

Kind = Literal["binary", "classes", "labels", "ordinal", "indices", "none", "later"]
"""What an output holds.

    binary    one score for each position, of two classes
    classes   a score for each class; one class is true
    labels    a score for each of several independent labels
    ordinal   scores of thresholds between ordered classes
    indices   class indices
    none      no classes
    later     not known before the first labels
"""


@dataclass(frozen=True)
class Reading:
    """How an output is read.

    Attributes:
        kind: What it holds.
        reason: Why it is "none", as the rest of a sentence that begins with the output. "" for other kinds.
        classes: The number of classes; None if it is not known yet.
        from_logits: Whether scores are logits or signed scores, whose threshold is 0.
        signed: Whether labels are -1 and 1, or 0 and 1 that the loss converts.
        within_unit: Whether to check that scores are probabilities, which is not known.
        thresholds: How the scores of an "ordinal" output become a class.
    """

    kind: Kind
    reason: str = ""
    classes: int | None = None
    from_logits: bool = False
    signed: bool = False
    within_unit: bool = False
    thresholds: Thresholds | None = None


@dataclass(frozen=True)
class Wishes:
    """What the user says about the classes.

    Attributes:
        multi_label: Whether classes are independent labels.
        threshold: The score at or above which a label counts as positive, or None.
        ignore_class: A label to leave out, or None.
        class_names: Names of the classes, or None.
    """

    multi_label: bool = False
    threshold: float | None = None
    ignore_class: int | None = None
    class_names: Sequence[str] | None = None


_NOTHING = Wishes()


def read_kind(output: ModelOutput, labels: Labels | None, wishes: Wishes = _NOTHING) -> Reading:
    """How to read an output, as far as it is known.

    Args:
        output: The output; `shape` is that of its scores.
        labels: What is known of its labels, or None.
        wishes: What the user says about the classes.
    """
    loss, shape = output.loss, output.shape
    reason = _by_loss_alone(loss)
    if reason:
        return Reading("none", reason)
    if output.dtype is not None and output.dtype.startswith(("int", "uint")):
        return _indices(labels, wishes)
    if shape is None:
        return Reading("later")
    if len(shape) == 0:
        return Reading("none", "is a single number and not a score of each example")
    facts = None if labels is None else Facts(shape, labels, wishes.ignore_class)
    if facts is not None and not facts.fits:
        return Reading(
            "none", f"has shape {_spell(shape)}, which labels of shape {_spell(facts.labels.shape)} do not fit"
        )
    return _RULES.get(loss.family, _own)(output, facts, wishes)


def _by_loss_alone(loss: CompiledLoss) -> str:
    return {
        "sequence": f"has the loss {loss.name!r}, which aligns sequences: no label belongs to one of its positions",
        "embedding": f"has the loss {loss.name!r}, which compares examples: its units are no classes",
    }.get(loss.family, "")


def _categorical(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    assert output.shape is not None
    if wishes.multi_label and len(output.shape) == 2:
        return Reading("labels", classes=output.shape[-1], from_logits=bool(output.loss.from_logits))
    if len(output.shape) < 2 or output.shape[-1] == 1:
        return Reading("none", f"has one unit, of which the loss {output.loss.name!r} makes no classes")
    if facts is not None and facts.whole is False and not facts.like_scores:
        return Reading("none", f"has labels that are no classes, {facts.example}")
    return _one_of(output)


def _one_of(output: ModelOutput) -> Reading:
    """A score for each class, one of which is true. A softmax gives probabilities, whatever its loss says of logits."""
    assert output.shape is not None
    from_logits = bool(output.loss.from_logits) and output.activation != "softmax"
    return Reading("classes", classes=output.shape[-1], from_logits=from_logits)


def _binary(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    assert output.shape is not None
    rank, units = len(output.shape), output.shape[-1]
    one_score = rank == 1 or units == 1 or (not wishes.multi_label and _may_be_one_score(output, facts))
    if one_score and not (wishes.multi_label and rank == 2):
        return _one_score(output, facts, wishes)
    if output.activation == "softmax" and not wishes.multi_label and units is not None:
        return Reading("classes", classes=units)
    if facts is not None and facts.graded and not wishes.multi_label:
        return Reading("none", f"has labels between 0 and 1 that are no classes, {facts.example}")
    border = _border(output, wishes)
    return Reading("labels", classes=units, from_logits=border.from_logits, within_unit=border.within_unit)


def _may_be_one_score(output: ModelOutput, facts: Facts | None) -> bool:
    """Whether an output of several axes may have one score for each position, such as pixels (N, H, W), and no axis of units."""
    assert output.shape is not None
    if facts is None or not facts.one_score or output.has_units:
        return False
    # Where the layers do not show it, four axes are those of pictures with channels.
    return len(output.shape) == 3 or output.has_units is False or len(facts.labels.shape) > len(output.shape)


def _one_score(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    """Two classes, by one score for each position."""
    if facts is not None:
        if facts.within(-1, 1) and not facts.within(1):
            return Reading("binary", classes=2, from_logits=True, signed=True)
        # Smoothed labels lie between 0 and 1; only a loss that Keras knows for binary takes them.
        between = facts.values is None or bool(((facts.values >= 0) & (facts.values <= 1)).all())
        if output.loss.family != "binary" and facts.within(-1, 0, 1) is False:
            return Reading("none", f"has one score, and labels other than 0 and 1, {facts.example}")
        if output.loss.family == "binary" and not between and facts.whole is False:
            return Reading("none", f"has one score, and labels other than 0 and 1, {facts.example}")
        if facts.graded and wishes.threshold is None:
            return Reading(
                "none",
                f"has one score, and labels between 0 and 1 that are no classes, {facts.example}. `threshold=0.5` says that "
                "they are, rounded",
            )
    return _border(output, wishes)


def _border(output: ModelOutput, wishes: Wishes) -> Reading:
    """A reading of kind "binary", with its threshold."""
    if output.loss.from_logits is not None:
        return Reading("binary", classes=2, from_logits=output.loss.from_logits)
    if wishes.threshold is not None or output.activation == "sigmoid":
        return Reading("binary", classes=2)
    if output.activation in (None, "softmax"):
        return Reading("binary", classes=2, within_unit=True)
    return Reading(
        "none",
        f"has one score from a layer with activation {output.activation!r}, and its loss {output.loss.name!r} does not say "
        "from which score on the answer is yes. `threshold=0.0` says that scores are logits, "
        "`threshold=0.5` that they are probabilities",
    )


def _hinge(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    assert output.shape is not None
    units = output.shape[-1]
    if facts is not None and facts.within(-1, 0, 1) is False:
        return Reading("none", f"has a hinge loss, whose labels must be -1 and 1, or 0 and 1; they are {facts.example}")
    if len(output.shape) == 1 or units == 1:
        return Reading("binary", classes=2, from_logits=True, signed=True)
    if wishes.multi_label:
        return Reading("labels", classes=units, from_logits=True, signed=True)
    if facts is None or facts.one_hot is None:
        return Reading("later")
    if facts.one_hot:
        return Reading("classes", classes=units)
    return Reading("labels", classes=units, from_logits=True, signed=True)


def _overlap(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    assert output.shape is not None
    units = output.shape[-1]
    if len(output.shape) == 1 or units == 1:
        return _one_score(output, facts, wishes)
    return _several(output, facts, wishes)


def _several(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    """Several units, of a loss that does not show what they are."""
    assert output.shape is not None
    units, rank = output.shape[-1], len(output.shape)
    classes = _one_of(output)
    border = _border(output, wishes)
    labels = Reading("labels", classes=units, from_logits=border.from_logits, within_unit=border.within_unit)
    if wishes.multi_label and rank == 2:
        return labels
    if facts is None:
        return Reading("later")
    if facts.texts:
        return classes
    may_be_one = output.activation != "softmax" and not (facts.one_hot or wishes.multi_label)
    if may_be_one and _may_be_one_score(output, facts):
        if facts.within(0, 1):
            return _one_score(output, facts, wishes)
        if facts.one_hot is None and output.activation == "sigmoid" and rank == 3:
            return Reading("later")
    if facts.like_scores:
        if facts.one_hot or (facts.shares and output.activation == "softmax"):
            return classes
        if facts.within(0, 1):
            return labels
        if facts.values is None and output.activation == "softmax":
            return classes
        if facts.values is None and output.activation == "sigmoid":
            return labels if wishes.multi_label else Reading("later")
        if facts.values is None and (output.activation is None or wishes.class_names is not None):
            return Reading("later")
        return Reading("none", _unknown(output, facts))
    if facts.whole is False or (facts.whole is None and output.activation not in ("softmax", None)):
        return Reading("none", _unknown(output, facts))
    if rank == 2 and units is not None and facts.largest >= units:
        return Reading(
            "none",
            f"has {units} units, and labels up to {facts.largest:.0f}: with the loss {output.loss.name!r} it is not known which "
            "unit is which class. An output of class indices (integers), chosen with `output=`, can be counted",
        )
    return classes


def _own(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    """A custom loss, or none."""
    assert output.shape is not None
    if output.loss.name in ("crossentropy", "ce") and isinstance(output.loss.function, str):
        # Keras chooses by the number of units.
        one = len(output.shape) == 1 or output.shape[-1] == 1
        return (_binary if one else _categorical)(output, facts, wishes)
    if len(output.shape) == 1 or output.shape[-1] == 1:
        if facts is not None and facts.values is None and facts.whole is None and output.activation != "sigmoid":
            if output.activation is not None and wishes.class_names is None:
                return Reading("none", _unknown(output, facts))
            return Reading("later")
        plain = _one_score(output, facts, wishes)
        # An unknown operation may return class indices that are declared as floats.
        hidden = output.activation is None and facts is not None and facts.whole and output.loss.family == "missing"
        return Reading("later") if plain.kind == "none" and hidden and not output.seen else plain
    return _several(output, facts, wishes)


def _unknown(output: ModelOutput, facts: Facts) -> str:
    loss = f"the loss {output.loss.name!r}" if output.loss.name else "no compiled loss"
    return f"has {loss}, which does not show whether there are classes, and labels that are none, {facts.example}"


def _regression(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    """Numbers, unless all labels are 0 and 1."""
    assert output.shape is not None
    units = 1 if len(output.shape) == 1 else output.shape[-1]
    if facts is not None and facts.values is not None and facts.values.size:
        both = facts.within(0, 1) and len(np.unique(facts.values)) == 2
        if units == 1 and len(output.shape) <= 2 and both and output.activation in ("sigmoid", None):
            return Reading("binary", classes=2, within_unit=output.activation is None)
        if len(output.shape) == 2 and facts.like_scores and facts.one_hot and facts.shares:
            return Reading("classes", classes=units)
    return Reading("none", f"has the loss {output.loss.name!r}, which compares numbers and not classes")


def _ordinal(output: ModelOutput, facts: Facts | None, wishes: Wishes) -> Reading:
    assert output.shape is not None
    units = output.shape[-1]
    if output.activation == "softmax" or (facts is not None and facts.like_scores and facts.one_hot):
        # A score for each class; more distant errors cost more.
        return _several(output, facts, wishes)
    advice = "An output of class indices (integers), chosen with `output=`, can be counted"
    if len(output.shape) != 2 or units is None or units < 1:
        return Reading("none", f"has the ordinal loss {output.loss.name!r}, and not a score for each threshold")
    if facts is not None and not facts.like_positions:
        return Reading(
            "none", f"has the ordinal loss {output.loss.name!r}, and labels that are no class indices. {advice}"
        )
    if facts is not None and facts.whole is False:
        return Reading("none", f"has labels that are no classes, {facts.example}")
    thresholds = read_thresholds(output.loss.function, units)
    if thresholds is None:
        return Reading(
            "none",
            f"has the ordinal loss {output.loss.name!r}, of which it is not known how {units} scores become a class. {advice}",
        )
    return Reading("ordinal", classes=units + 1, thresholds=thresholds)


def _indices(labels: Labels | None, wishes: Wishes) -> Reading:
    if wishes.class_names is not None:
        return Reading("indices", classes=len(wishes.class_names))
    if labels is None or labels.values is None:
        return Reading(
            "none", "holds class indices, and nothing says how many classes there are: `class_names` must name them"
        )
    values = np.asarray(labels.values)
    if values.dtype.kind not in "biuf" or (values.dtype.kind == "f" and bool((values != np.rint(values)).any())):
        return Reading("none", "holds class indices, and labels are none")
    known = values[values != wishes.ignore_class] if wishes.ignore_class is not None else values
    return Reading("indices", classes=max(2, int(known.max(initial=0)) + 1))


_RULES = {
    "categorical": _categorical,
    "binary": _binary,
    "hinge": _hinge,
    "overlap": _overlap,
    "regression": _regression,
    "ordinal": _ordinal,
}


def _spell(shape: tuple[int | None, ...]) -> str:
    sizes = ["N", *("?" if size is None else str(size) for size in shape[1:])]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
