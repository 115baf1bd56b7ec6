"""What the manifest of a confusion step file says of matrices and examples, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from tb_attention.errors import ArgumentError
from tb_attention.records.format import checked, json_text
from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import ClassGroup, ConfusionKind

if TYPE_CHECKING:
    from tb_attention.records.format.schema import StepManifest

# No honest file comes near these; they bound what a hostile one can make a reader do.
_MOST_CLASSES = 20_000
_MOST_BINS = 65_536
_DEEPEST = 20


@dataclass(frozen=True)
class SplitManifest:
    """How the matrix of one split is stored.

    Attributes:
        examples: The sum of its counts; of kind "labels" the number (or weight) of the examples.
        encoding: "dense" or "sparse".
        weighted: Whether its counts are sums of weights.
        other: Labels that are no class, which are in no cell.
        bins: Of the score histogram; 0 where there is none.
    """

    examples: float
    encoding: Literal["dense", "sparse"]
    weighted: bool
    other: int = 0
    bins: int = 0


@dataclass(frozen=True)
class MeanManifest:
    """A class of which there is the mean map of some examples that were told right."""

    class_index: int
    examples: int


@dataclass(frozen=True)
class ConfusionManifest:
    """The manifest of a confusion step file.

    Attributes:
        kind: "classes", "binary" or "labels".
        threshold: Of "binary" and "labels": the probability from which on the answer is yes.
        similarity: Whether there is the order of the classes by similarity.
        examples: How many examples of cells were kept; they are in the file `samples`.
        maps: Of the first of these examples, or None.
        means: Of which classes there are mean maps.
    """

    tag: str
    attempt: int
    step: Step
    epoch: int | None
    batch: int | None
    wall_time: float
    logs: Mapping[str, float]
    classes: int
    class_names: tuple[str, ...] | None
    output: str | None
    splits: Mapping[str, SplitManifest]
    writer: str = ""
    kind: ConfusionKind = "classes"
    threshold: float | None = None
    class_groups: tuple[ClassGroup, ...] = ()
    similarity: bool = False
    examples: int = 0
    samples: str | None = None
    maps: StepManifest | None = None
    means: tuple[MeanManifest, ...] = ()

    content: Literal["confusion"] = "confusion"


def confusion_to_json(manifest: ConfusionManifest) -> dict[str, Any]:
    """The fields that steps of maps have not; those at their default are left out."""
    told: dict[str, Any] = {
        "classes": manifest.classes,
        "class_names": None if manifest.class_names is None else list(manifest.class_names),
        "output": manifest.output,
        "splits": {name: _split_to_json(split) for name, split in manifest.splits.items()},
    }
    if manifest.kind != "classes":
        told |= {"kind": manifest.kind, "threshold": manifest.threshold}
    rest: dict[str, Any] = {
        "class_groups": [_group_to_json(group) for group in manifest.class_groups],
        "similarity": manifest.similarity,
        "examples": manifest.examples,
        "samples": manifest.samples,
        "means": [{"class": mean.class_index, "examples": mean.examples} for mean in manifest.means],
    }
    return told | {name: value for name, value in rest.items() if value}


def confusion_from_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields as arguments of `ConfusionManifest`; raises KeyError, TypeError, ValueError or AttributeError."""
    names = value.get("class_names")
    classes = checked.count(value["classes"], _MOST_CLASSES)
    kind = value.get("kind", "classes")
    if kind not in ("classes", "binary", "labels"):
        raise ArgumentError(f"`kind` must be classes, binary or labels. Received: {str(kind)[:40]!r}.")
    threshold = value.get("threshold")
    return {
        "classes": classes,
        "class_names": None if names is None else tuple(map(checked.text, names)),
        "output": None if value.get("output") is None else checked.text(value["output"]),
        "splits": {checked.text(name): _split(split) for name, split in value["splits"].items()},
        "kind": cast(ConfusionKind, kind),
        "threshold": None if threshold is None else json_text.number(threshold),
        "class_groups": _groups(value.get("class_groups") or (), classes, 0),
        "similarity": bool(value.get("similarity", False)),
        "examples": checked.count(value.get("examples", 0)),
        "samples": None if value.get("samples") is None else checked.text(value["samples"]),
        "means": tuple(
            MeanManifest(checked.count(mean["class"], classes - 1), checked.count(mean["examples"]))
            for mean in value.get("means", ())
        ),
    }


def _split_to_json(split: SplitManifest) -> dict[str, Any]:
    told: dict[str, Any] = {"examples": split.examples, "encoding": split.encoding, "weighted": split.weighted}
    if split.other:
        told["other"] = split.other
    if split.bins:
        told["bins"] = split.bins
    return told


def _split(value: Mapping[str, Any]) -> SplitManifest:
    if value["encoding"] not in ("dense", "sparse"):
        raise ArgumentError(f"a matrix is dense or sparse. Received: {str(value['encoding'])[:40]!r}.")
    return SplitManifest(
        json_text.number(value["examples"]),
        value["encoding"],
        bool(value["weighted"]),
        checked.count(value.get("other", 0)),
        checked.count(value.get("bins", 0), _MOST_BINS),
    )


def _group_to_json(group: ClassGroup) -> dict[str, Any]:
    children = [_group_to_json(child) if isinstance(child, ClassGroup) else child for child in group.children]
    return {"name": group.name, "children": children}


def _groups(value: Sequence[Any], classes: int, depth: int) -> tuple[Any, ...]:
    if depth > _DEEPEST:
        raise ArgumentError(f"groups of classes may lie in one another at most {_DEEPEST} times.")
    found: list[ClassGroup | int] = []
    for child in value:
        if isinstance(child, Mapping):
            found.append(ClassGroup(checked.text(child["name"]), _groups(child["children"], classes, depth + 1)))
        elif depth == 0:
            raise ArgumentError(f"a group of classes was expected. Received: {str(child)[:40]!r}.")
        else:
            found.append(checked.count(child, classes - 1))
    return tuple(found)


# What the manifest of matrices may leave out.
_LEFT_OUT: dict[str, Any] = {
    "kind": "classes",
    "threshold": None,
    "class_groups": [],
    "similarity": False,
    "examples": 0,
    "means": [],
    "samples": None,
    "sample_count": 0,
    "predictions": [],
}


def with_defaults(value: dict[str, Any]) -> dict[str, Any]:
    """The JSON object of a manifest with what it left out, as the page is told it."""
    splits = {name: {"other": 0, "bins": 0} | split for name, split in value["splits"].items()}
    return _LEFT_OUT | value | {"splits": splits}
