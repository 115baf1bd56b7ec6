"""The samples of a page: their answer, and their pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tb_attention.errors import DamagedFileError
from tb_attention.export.answers import samples_answer
from tb_attention.export.bodies import Body, made, stored
from tb_attention.export.choice import Choice
from tb_attention.records.format import paths
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.samples_file import THUMBNAILS, image_member
from tb_attention.records.format.schema import check_schema
from tb_attention.records.format.step_file import read_json


@dataclass
class PageSamples:
    """The files of samples that the steps of a series refer to, each read once.

    Args:
        open_file: Opens a file of the attempt.
        place: Of the series in the page.
        choice: What goes in.
    """

    open_file: Callable[[str], Archive]
    place: int
    choice: Choice
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: list[Body] = field(default_factory=list)
    _ids: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def ids(self, name: str | None, count: int) -> tuple[str, ...]:
        """The ids of the samples of a step; their places as texts where no samples were logged.

        Args:
            name: The file that the step refers to, or None.
            count: How many samples the step has.
        """
        if name is None or not paths.is_samples_file(name):
            return tuple(map(str, range(count)))
        if name not in self._ids:
            self._ids[name] = self._read(name)
        return self._ids[name]

    def _read(self, name: str) -> tuple[str, ...]:
        try:
            archive = self.open_file(name)
        except FileNotFoundError as error:
            raise DamagedFileError(f"{name}, which steps refer to, is not there.") from error
        with archive:
            value = read_json(archive, name)
            check_schema(value, name)
            try:
                ids = tuple(str(sample["id"]) for sample in value["samples"])
                places = self.choice.sample_places(ids)
                answer = samples_answer(value, places, redact=self.choice.redact)
            except (KeyError, TypeError, AttributeError) as error:
                raise DamagedFileError(f"{name} is not a samples file: {str(error)[:200]}.") from error
            self.answers[name.removesuffix(".npz")] = answer
            if not self.choice.redact:
                self._take_pictures(name, archive, answer, places)
        return ids

    def _take_pictures(self, name: str, archive: Archive, answer: dict[str, Any], places: Sequence[int]) -> None:
        prefix = f"{self.place}/{name.removesuffix('.npz')}"
        names = set(archive.names)
        if answer["thumbnails"] and THUMBNAILS in names:
            self.bodies.append(made(f"thumbnails/{prefix}", archive.read(THUMBNAILS)[list(places)]))
        for at, place in enumerate(places):
            for number, given in enumerate(answer["samples"][at]["inputs"]):
                member = image_member(place, number)
                if given.get("kind") == "image" and member in names:
                    size = archive.stream(member).stored
                    body = stored(f"image/{prefix}/{at}/{number}", lambda: self.open_file(name), member, size)
                    self.bodies.append(body)
