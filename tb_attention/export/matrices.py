"""What a series of confusion matrices puts into a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from tb_attention.export.answers import series_answer, step_answer
from tb_attention.export.bodies import Body, made, stored
from tb_attention.export.series_part import SeriesPart
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.confusion_file import (
    ORDER_MEMBER,
    histogram_member,
    labels_member,
    matrix_member,
    read_matrix,
)
from tb_attention.records.format.confusion_manifest import with_defaults
from tb_attention.records.format.index import StepEntry
from tb_attention.records.format.schema import ConfusionManifest, manifest_to_json


def collect(
    open_file: Callable[[str], Archive], place: int, entries: Sequence[StepEntry], status: dict[str, Any] | None
) -> SeriesPart:
    """The part of the page: every matrix, the figures of each label, the order of classes.

    Args:
        open_file: Opens a file of the attempt.
        place: Of the series in the page.
        entries: Steps of matrices, in order, all of which go in.
        status: Of the series.
    """
    bodies: list[Body] = []
    steps = []
    value: dict[str, Any] = {}
    for entry in entries:
        assert isinstance(entry.manifest, ConfusionManifest)
        # Kept examples are other inputs than the samples that somebody chose to hand on: they stay out.
        bare = dataclasses.replace(entry.manifest, examples=0, samples=None, maps=None, means=())
        value = {"sites": 0} | with_defaults(manifest_to_json(bare))
        bodies.extend(_bodies(open_file, place, entry, entry.manifest))
        steps.append(step_answer(value, entry.manifest.step))
    return SeriesPart(series_answer(value, steps, [[]], status), {}, bodies)


def _bodies(
    open_file: Callable[[str], Archive], place: int, entry: StepEntry, manifest: ConfusionManifest
) -> list[Body]:
    prefix = f"{place}/{manifest.step}"
    found = []

    def opened() -> Archive:
        return open_file(entry.file.name)

    with opened() as archive:

        def take(name: str, member: str) -> None:
            found.append(stored(name, opened, member, archive.stream(member).stored))

        for split, known in manifest.splits.items():
            if known.encoding == "dense":
                take(f"matrix/{prefix}/{split}", matrix_member(split))
            else:
                found.append(made(f"matrix/{prefix}/{split}", read_matrix(archive, manifest, split)))
            if manifest.kind == "labels":
                take(f"labels/{prefix}/{split}", labels_member(split))
            if known.bins:
                take(f"histogram/{prefix}/{split}", histogram_member(split))
        if manifest.similarity:
            take(f"order/{prefix}", ORDER_MEMBER)
    return found
