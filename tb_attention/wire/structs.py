"""Every JSON object that goes to the page. The front end's types are generated from these structs.

A field without a default is in every answer. A field with a default is left out where it has that default. A field that is
`UNSET` by default is as it came, or belongs to some answers only. Nothing heavy is imported, so that the types can be
generated without NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from tb_attention.records.format.paths import Step
from tb_attention.wire.site_structs import Encoding, Site, WireStruct

Content = Literal["attention", "confusion", "unknown"]
WireNumber = float | Literal["NaN", "Infinity", "-Infinity"]
"""JSON has no NaN or infinity: they travel as strings."""


class Prediction(WireStruct, frozen=True):
    """What the model predicted for a sample.

    Attributes:
        probability: That of the predicted class, or null.
        label_probability: That of the sample's label: -ln of it is the sample's loss.
        others: The most probable of the other classes with their probabilities, the most probable first.
    """

    class_index: int = field(name="class")
    probability: WireNumber | None
    label_probability: WireNumber | None = None
    others: tuple[tuple[int, WireNumber], ...] = ()


class Split(WireStruct, frozen=True):
    """How the matrix of one split is stored.

    Attributes:
        examples: The sum of its counts; of kind "labels" the number of examples.
        other: Labels that are no class.
        bins: Of the histogram of scores; 0 for none.
    """

    examples: float
    encoding: Literal["dense", "sparse"]
    weighted: bool
    other: int
    bins: int


class Mean(WireStruct, frozen=True):
    """A class with a mean map, and how many correctly classified examples the mean is over."""

    class_index: int = field(name="class")
    examples: int


class WireGroup(WireStruct, frozen=True):
    """A hierarchy of classes; `children` are classes, by index, and smaller groups."""

    name: str
    children: tuple[int | WireGroup, ...]


class Pictures(WireStruct, frozen=True):
    """Pictures that the model made of each sample at a step.

    Attributes:
        shape: Frames (one, or as many as iterations), rows, columns, channels.
        input: The index of the input whose picture they replace, or null.
    """

    shape: tuple[int, int, int, int]
    input: int | None = None


class StepRecord(WireStruct, frozen=True):
    """A step of a series of maps or of matrices; the last fields, from `classes` on, are those of matrices.

    Attributes:
        sites: The index of its sites in `site_sets`.
        step: The step.
        epoch: From 0, as Keras counts.
        batch: Batches that the model has seen.
        wall_time: Seconds since 1970.
        logs: Metrics by name.
        v: The version of its file, for the parameter `v`.
        samples: The parameter `set` of `samples`, or null.
        predictions: One for each sample.
        pictures: What the model made of the samples.
        classes: Number of classes.
        splits: How the matrix of each split is stored.
        kind: One class an example, the same from one score, or each class a yes or no.
        threshold: The score at or above which a label counts as positive.
        similarity: Whether there is an order of the classes by similarity.
        examples: How many examples of the cells were kept; the first `sample_count` have maps.
        means: Classes with a mean map.
    """

    sites: int
    step: Step
    epoch: int | None
    batch: int | None
    wall_time: WireNumber
    logs: dict[str, WireNumber]
    v: str
    samples: str | None
    sample_count: int
    predictions: tuple[Prediction | None, ...]
    pictures: Pictures | UnsetType = UNSET
    classes: int | UnsetType = UNSET
    splits: dict[str, Split] | UnsetType = UNSET
    kind: Literal["classes", "binary", "labels"] | UnsetType = UNSET
    threshold: float | UnsetType | None = UNSET
    similarity: bool | UnsetType = UNSET
    examples: int | UnsetType = UNSET
    means: tuple[Mean, ...] | UnsetType = UNSET


class Best(WireStruct, frozen=True):
    """The step with the best value of a metric.

    Attributes:
        mode: Whether the smallest or the largest value is the best.
        epoch: Of the step, from 0.
        batch: The number of batches before the step.
        metrics: All metrics of the step.

        Logs of earlier versions say none of these.
    """

    step: Step
    monitor: str
    value: WireNumber | None = None
    mode: Literal["min", "max"] | UnsetType | None = UNSET
    epoch: int | UnsetType | None = UNSET
    batch: int | UnsetType | None = UNSET
    metrics: dict[str, WireNumber | None] | UnsetType = UNSET


class Thinned(WireStruct, frozen=True):
    """Steps that were removed to stay below a number of bytes."""

    steps: int
    max_bytes: int


class Dropped(WireStruct, frozen=True):
    """A step that was not written."""

    step: Step
    reason: str


class Status(WireStruct, frozen=True):
    """What a log says of its own progress.

    Attributes:
        fraction: How much of the epoch is done, from 0 to 1.
        restored: The step whose weights the model was left with, where that is not the last.
        notes: Sentences for people.
    """

    state: Literal["running", "finished", "stopped"]
    epochs: int | UnsetType | None = UNSET
    steps_per_epoch: int | UnsetType | None = UNSET
    epoch: int | UnsetType | None = UNSET
    fraction: float | UnsetType | None = UNSET
    best: Best | UnsetType | None = UNSET
    restored: Step | UnsetType | None = UNSET
    thinned: Thinned | UnsetType | None = UNSET
    dropped: tuple[Dropped, ...] | UnsetType = UNSET
    notes: tuple[str, ...] | UnsetType = UNSET


class Damaged(WireStruct, frozen=True):
    """A step file that cannot be read."""

    file: str
    step: Step
    reason: str


class SeriesFacts(WireStruct, frozen=True):
    """What a series says of itself; the last fields, from `class_names` on, are those of matrices.

    Attributes:
        measures: Names of the head measures.
        output: The output of the model, where it has several.
    """

    tag: str
    content: Content
    measures: tuple[str, ...]
    class_names: tuple[str, ...] | UnsetType | None = UNSET
    class_groups: tuple[WireGroup, ...] | UnsetType = UNSET
    output: str | UnsetType | None = UNSET


class SeriesAnswer(SeriesFacts, frozen=True, kw_only=True):
    """The answer of `series`: every step of one attempt.

    Attributes:
        attempts: All attempts of the series.
        version: Changes with every step that comes, goes or is replaced.
        steps: In order, "init" first.
        site_sets: The sites of the steps; nearly all steps have the same.
        damaged: Steps that cannot be read.
    """

    run: str
    attempt: int
    attempts: tuple[int, ...]
    version: str
    status: Status | None
    steps: tuple[StepRecord, ...]
    site_sets: tuple[tuple[Site, ...], ...]
    damaged: tuple[Damaged, ...]


class SeriesEntry(WireStruct, frozen=True):
    """A series in the list of runs.

    Attributes:
        steps: Number of steps of the newest attempt.
        status: Of the newest attempt.
        only_events: Whether only the event files of the run are there: overviews and matrices, no weights.
        written: When the newest step was written, in seconds since 1970; 0 where the file system does not say.
    """

    tag: str
    content: Content
    attempts: tuple[int, ...]
    steps: int
    version: str
    status: Status | None
    only_events: bool
    written: float = 0.0


class RunEntry(WireStruct, frozen=True):
    """A run and its series."""

    run: str
    series: tuple[SeriesEntry, ...]


class Unreachable(WireStruct, frozen=True):
    """A bucket or host that cannot be reached.

    Attributes:
        place: Such as "s3://bucket".
        since: Seconds since 1970.
        reason: A sentence that names the place.
    """

    place: str
    since: float
    reason: str


class RunsAnswer(WireStruct, frozen=True):
    """The answer of `runs`.

    Attributes:
        version: Changes with anything in the answer.
        logdir: TensorBoard's log directory as it was typed, without a password or key.
        unreachable: Places of logs that cannot be reached; their runs are as they were seen last.
    """

    version: str
    logdir: str
    runs: tuple[RunEntry, ...]
    unreachable: tuple[Unreachable, ...]


class Audio(WireStruct, frozen=True):
    """A sound, in the body of `audio`.

    Attributes:
        rate: Moments in a second.
        shape: The number of moments.
        encoding: As that of weights; the whole sound is one row.
    """

    rate: float
    shape: tuple[int, ...]
    encoding: Encoding


class SampleInput(WireStruct, frozen=True):
    """One input of a sample; `values` cannot be drawn, but for those with `frames`: (frames, height, width, channels).

    Attributes:
        names: A text for each position.
        dates: The date of each position, in ISO 8601.
        boxes: For each position left, top, right, bottom, as shares of the picture.
        values: For each position its numbers: one, or one for each channel.
        audio: The sound of the input.
    """

    name: str
    kind: Literal["image", "tokens", "values"]
    shape: tuple[int, ...] | UnsetType = UNSET
    tokens: tuple[str, ...] | UnsetType = UNSET
    mask: tuple[int, ...] | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET
    frames: tuple[int, ...] | UnsetType = UNSET
    names: tuple[str, ...] | UnsetType = UNSET
    dates: tuple[str, ...] | UnsetType = UNSET
    boxes: tuple[tuple[float, float, float, float], ...] | UnsetType = UNSET
    values: tuple[tuple[float | None, ...], ...] | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET


class Label(WireStruct, frozen=True):
    """The label of a sample: a class, or another value."""

    class_index: int | UnsetType = field(default=UNSET, name="class")
    name: str | UnsetType | None = UNSET
    value: Any = UNSET


class Sample(WireStruct, frozen=True):
    """A tracked example."""

    id: str
    label: Label | None
    inputs: tuple[SampleInput, ...]


class Thumbnails(WireStruct, frozen=True):
    """The shape of the body of `thumbnails`."""

    shape: tuple[int, ...]


class SamplesAnswer(WireStruct, frozen=True):
    """The answer of `samples`."""

    class_names: tuple[str, ...] | None
    samples: tuple[Sample, ...]
    thumbnails: Thumbnails | None


class CellExample(WireStruct, frozen=True):
    """A kept example of a cell of a matrix.

    Attributes:
        sample: Its index in the file of samples.
        loss: -ln of the probability of the true class.
        kept: Whether it was among the most certain of its cell, or chosen at random.
    """

    sample: int
    id: str
    truth: int
    predicted: int
    probability: WireNumber
    loss: WireNumber
    kept: Literal["certain", "random"]


class ExamplesAnswer(WireStruct, frozen=True):
    """The answer of `examples`; the examples with an index below `sample_count` have maps."""

    step: Step
    samples: str | None
    sample_count: int
    examples: tuple[CellExample, ...]


class PageSize(WireStruct, frozen=True):
    """The answer of `page_size`: about how large a stand-alone page would be, and how large it may be."""

    bytes: int
    most: int


class ErrorAnswer(WireStruct, frozen=True):
    """What a route answers that fails: a sentence."""

    error: str


class HeldAnswers(WireStruct, frozen=True):
    """The answers in a stand-alone page; `series` and `samples` have an item for each series, `samples` by name of the set."""

    runs: RunsAnswer
    series: tuple[SeriesAnswer, ...]
    samples: tuple[dict[str, SamplesAnswer], ...]


class HeldIndex(WireStruct, frozen=True):
    """The first line of a stand-alone page.

    Attributes:
        bodies: The line of each array by its name: `<route>/<index of the series>/<parameters>`.
        parameters: The parameters in the names of each route's arrays, in order.
    """

    answers: HeldAnswers
    bodies: dict[str, int]
    parameters: dict[str, tuple[str, ...]]


ANSWERS: Mapping[str, type[WireStruct]] = {
    "runs": RunsAnswer,
    "series": SeriesAnswer,
    "samples": SamplesAnswer,
    "examples": ExamplesAnswer,
    "page_size": PageSize,
}
"""By route what it answers with."""
