"""The samples of a stand-alone page: their answer, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace

from tb_attention.errors import DamagedFileError
from tb_attention.export.choice import Choice
from tb_attention.export.page_bodies import Body, OpenFile, made, stored
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.samples_file import THUMBNAILS, audio_member, frames_member, image_member
from tb_attention.wire.answers import samples_answer
from tb_attention.wire.held_page import body_name
from tb_attention.wire.structs import SampleInput, SamplesAnswer


@dataclass
class PageSamples:
    """The files of samples that the steps of a series refer to, each read once.

    Args:
        open_file: Opens a file of the attempt.
        series: The index of the series in the page.
        choice: What goes in.
    """

    open_file: OpenFile
    series: int
    choice: Choice
    answers: dict[str, SamplesAnswer] = field(default_factory=dict)
    bodies: list[Body] = field(default_factory=list)
    _ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def ids(self, name: str | None, count: int) -> tuple[str, ...]:
        """The ids of the samples of a step; their indices as texts where no samples were logged.

        Args:
            name: The file that the step refers to, or None.
            count: How many samples the step has.
        """
        if name is None or not paths.is_samples_file(name):
            return tuple(map(str, range(count)))
        if name not in self._ids:
            self._ids[name] = self._read(name)
        return self._ids[name]

    def set_name(self, name: str | None) -> str | None:
        """What the page calls a file of samples that was read, or None."""
        if name is None or not self.choice.redact:
            return name
        # Its name is a hash of the inputs, by which a guess could be confirmed; so are ids, by default.
        return f"samples-{list(self._ids).index(name)}.npz" if name in self._ids else None

    def _read(self, name: str) -> tuple[str, ...]:
        try:
            archive = self.open_file(name)
        except FileNotFoundError as error:
            raise DamagedFileError(f"{name}, which steps refer to, is not there.") from error
        with archive:
            whole = samples_answer(archive, name)
            ids = tuple(sample.id for sample in whole.samples)
            indices = self.choice.sample_indices(ids)
            if self.choice.redact:
                for each in ids:
                    self._numbers.setdefault(each, len(self._numbers))
                self.answers[f"samples-{len(self.answers)}"] = _redacted(whole, indices, self._numbers)
            else:
                answer = self.answers[name.removesuffix(".npz")] = _chosen(whole, indices)
                self._take_shown(name, archive, answer, indices)
        return ids

    def _take_shown(self, name: str, archive: Archive, answer: SamplesAnswer, indices: Sequence[int]) -> None:
        chosen = name.removesuffix(".npz")
        members = set(archive.names)
        if answer.thumbnails and THUMBNAILS in members:
            thumbnails = archive.read(THUMBNAILS)[list(indices)]
            self.bodies.append(made(body_name("thumbnails", self.series, set=chosen), thumbnails))
        for index, (original, sample) in enumerate(zip(indices, answer.samples, strict=True)):
            for position, given in enumerate(sample.inputs):
                has_frames = given.frames is not UNSET
                picture = (frames_member if has_frames else image_member)(original, position)
                kept = {
                    "image": (has_frames or given.kind == "image") and picture,
                    "audio": bool(given.audio) and audio_member(original, position),
                }
                for route, member in kept.items():
                    if member and member in members:
                        body = body_name(route, self.series, set=chosen, sample=index, input=position)
                        self.bodies.append(stored(body, self.open_file, name, archive, member))


def _chosen(whole: SamplesAnswer, indices: Sequence[int]) -> SamplesAnswer:
    """The answer for some samples of a file."""
    small = whole.thumbnails
    thumbnails = None if small is None else replace(small, shape=(len(indices), *small.shape[1:]))
    return replace(whole, samples=tuple(whole.samples[index] for index in indices), thumbnails=thumbnails)


def _redacted(whole: SamplesAnswer, indices: Sequence[int], numbers: Mapping[str, int]) -> SamplesAnswer:
    """The answer for some samples of a file, with numbers for ids, and only names and shapes of the inputs."""
    samples = [
        replace(sample, id=str(numbers[sample.id]), inputs=tuple(map(_bare, sample.inputs)))
        for sample in _chosen(whole, indices).samples
    ]
    return replace(whole, samples=tuple(samples), thumbnails=None)


def _bare(given: SampleInput) -> SampleInput:
    return SampleInput(given.name, "values", given.shape or (len(given.tokens or ()),))
