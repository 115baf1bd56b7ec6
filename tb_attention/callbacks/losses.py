"""What a compiled loss shows about its output."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Literal

Family = Literal[
    "categorical", "binary", "overlap", "hinge", "ordinal", "regression", "sequence", "embedding", "unknown", "missing"
]
"""What a loss compares.

    categorical  the scores of classes that exclude one another
    binary       independent labels, one for each unit
    overlap      regions (Dice, Tversky, Jaccard) or hard examples (focal): scores of either of these kinds
    hinge        signed scores with labels -1 and 1, or 0 and 1
    ordinal      scores of thresholds between ordered classes
    regression   numbers
    sequence     sequences that are aligned to scores, such as CTC
    embedding    distances between examples
    unknown      custom losses
    missing      no loss
"""

# The first row that has a word of a loss's name decides.
_WORDS: tuple[tuple[Family, frozenset[str]], ...] = (
    ("sequence", frozenset({"ctc", "rnnt", "transducer"})),
    ("ordinal", frozenset({"ordinal", "coral", "corn", "condor", "cumulative"})),
    ("embedding", frozenset({"circle", "triplet", "contrastive", "npairs", "ntxent", "siamese", "infonce"})),
    ("binary", frozenset({"binary", "bce", "sigmoid"})),
    (
        "categorical",
        frozenset({"categorical", "softmax", "cce", "scce", "sparse", "kldivergence", "kld", "kullback"}),
    ),
    ("hinge", frozenset({"hinge"})),
    ("overlap", frozenset({"dice", "tversky", "jaccard", "iou", "focal", "lovasz"})),
    (
        "regression",
        frozenset(
            {
                "squared",
                "absolute",
                "mse",
                "mae",
                "rmse",
                "mape",
                "msle",
                "huber",
                "poisson",
                "cosine",
                "logcosh",
                "percentage",
            }
            | {
                "quantile",
                "quantiles",
                "pinball",
                "tilted",
                "wasserstein",
                "gaussian",
                "l1",
                "l2",
                "giou",
                "ciou",
                "diou",
            }
            | {"regression", "reconstruction", "box", "bbox"}
        ),
    ),
)
_JOINED = {"log_cosh": "logcosh", "kl_divergence": "kldivergence", "n_pairs": "npairs", "nt_xent": "ntxent"}


@dataclass(frozen=True)
class CompiledLoss:
    """The loss of one output.

    Attributes:
        name: Its name; "" without a loss.
        family: What it compares.
        from_logits: Whether it takes logits; None for a custom loss that does not say it.
        function: The loss itself, or None.
    """

    name: str = ""
    family: Family = "missing"
    from_logits: bool | None = None
    function: Any = None


NO_LOSS = CompiledLoss()


def read_loss(loss: Any) -> CompiledLoss:
    """What is known of a loss as `compile` takes it: a `keras.losses.Loss`, a function or a name; None for no loss."""
    if loss is None:
        return NO_LOSS
    from_logits = _from_logits(loss)
    while isinstance(loss, functools.partial):
        loss = loss.func
    names = _names(loss)
    families: list[Family] = [family for name in names if (family := _family(name)) != "unknown"]
    if from_logits is None and _is_keras(loss):
        from_logits = False
    return CompiledLoss(names[0], families[0] if families else "unknown", from_logits, loss)


def _names(loss: Any) -> list[str]:
    """Its names, the most informative first."""
    if isinstance(loss, str):
        return [loss]
    if isinstance(loss, type):
        return [loss.__name__]
    if not hasattr(type(loss), "call") and hasattr(loss, "__name__"):
        # A function may be made by another one, which has the informative name.
        makers = str(getattr(loss, "__qualname__", "")).split(".<locals>.")[-2:-1]
        return [str(loss.__name__), *makers]
    # A class may wrap a function, and instances may have their own names.
    wrapped = getattr(loss, "fn", None)
    names = [type(loss).__name__, str(getattr(loss, "name", "") or ""), str(getattr(wrapped, "__name__", "") or "")]
    if names[0] in ("LossFunctionWrapper", "Loss"):
        names = [*names[1:], names[0]]
    return [name for name in names if name] or [type(loss).__name__]


def _family(name: str) -> Family:
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    for apart, together in _JOINED.items():
        spelled = spelled.replace(apart, together)
    words = set(re.split(r"[^a-z0-9]+", spelled))
    if {"categorical", "hinge"} <= words:
        return "categorical"
    # Squared hinge is a hinge, and a binary hinge too.
    if "hinge" in words:
        return "hinge"
    return next((family for family, known in _WORDS if words & known), "unknown")


def _from_logits(loss: Any) -> bool | None:
    if isinstance(loss, functools.partial):
        given = loss.keywords.get("from_logits")
        return _from_logits(loss.func) if given is None else bool(given)
    kwargs = getattr(loss, "_fn_kwargs", None)
    for given in (getattr(loss, "from_logits", None), kwargs.get("from_logits") if isinstance(kwargs, dict) else None):
        if isinstance(given, bool | int):
            return bool(given)
    return None


def _is_keras(loss: Any) -> bool:
    """Whether it is a loss of Keras, which takes probabilities by default."""
    if isinstance(loss, str):
        return True
    function = getattr(loss, "fn", None) if type(loss).__name__ == "LossFunctionWrapper" else None
    defined = function or (type(loss) if hasattr(type(loss), "call") else loss)
    return str(getattr(defined, "__module__", "")).split(".")[0] == "keras"
