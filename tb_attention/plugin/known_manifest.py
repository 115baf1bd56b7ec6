"""What is kept of a manifest, one by one and packed: a run of 100,000 steps in a few MB."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tb_attention.records.format.site_manifest import SiteManifest
from tb_attention.wire import answers
from tb_attention.wire.structs import Content, SeriesFacts, StepRecord

_BLOCK = 256
_LEVEL = 1
# What the objects of a block take beside its texts.
_BLOCK_BYTES = 1500


class SiteSet:
    """The sites of a step. Nearly all steps of a log have the same sites, which are then held once.

    Attributes:
        sites: The sites.
        text: Their JSON, a list.
        heads: Path and number of heads of each site.
    """

    __slots__ = ("__weakref__", "heads", "sites", "text")

    def __init__(self, sites: tuple[SiteManifest, ...]) -> None:
        self.sites = sites
        self.text = answers.encode(answers.sites_of(sites))
        self.heads = tuple((site.path, site.heads) for site in sites)


class KnownManifest(Struct, frozen=True, gc=False):
    """What is kept of a manifest.

    Attributes:
        content: "attention" or "confusion".
        series: JSON of `SeriesFacts`, which nearly all steps of a series share.
        text: JSON of `StepRecord`.
        sites: The sites; none for matrices without maps of examples.
        sample_count: Number of samples, or of examples with maps.
        measures: Names of the head measures; none where there are no maps.
    """

    content: Content
    series: str
    text: bytes
    sites: SiteSet
    sample_count: int
    measures: tuple[str, ...]

    @property
    def facts(self) -> SeriesFacts:
        """What the manifest says of its series."""
        return msgspec.json.decode(self.series, type=SeriesFacts)

    @property
    def record(self) -> StepRecord:
        """What the manifest says of the step."""
        return msgspec.json.decode(self.text, type=StepRecord)


class _Block(Struct, frozen=True):
    """The manifests of up to 256 steps that follow each other.

    Attributes:
        shared: What the manifests are but for their texts; nearly all steps of a run share one.
        which: For each step the index in `shared`, and -1 where the manifest is not known; int16.
        texts: Their texts, one a line, deflated.
    """

    shared: tuple[KnownManifest, ...]
    which: bytes
    texts: bytes

    def unpacked(self) -> Iterator[KnownManifest | None]:
        texts = zlib.decompress(self.texts).split(b"\n")
        for index, text in zip(np.frombuffer(self.which, np.int16).tolist(), texts, strict=True):
            if index < 0:
                yield None
                continue
            one = self.shared[index]
            yield KnownManifest(one.content, one.series, text, one.sites, one.sample_count, one.measures)


class PackedManifests:
    """The manifests of the steps of an attempt, in little memory.

    Args:
        known: The manifest of each step, or None.
        before: What was packed last.
        places: For each step its index among the steps of `before`, or -1, int64; what did not move is not packed again.
    """

    def __init__(
        self,
        known: Sequence[KnownManifest | None],
        before: PackedManifests | None = None,
        places: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self._blocks: list[_Block] = []
        for start in range(0, len(known), _BLOCK):
            part = known[start : start + _BLOCK]
            stays = np.arange(start, start + _BLOCK)
            if before is not None and places is not None and np.array_equal(places[start : start + _BLOCK], stays):
                self._blocks.append(before._blocks[start // _BLOCK])
            else:
                self._blocks.append(_pack(part))
        self._length = len(known)

    def __len__(self) -> int:
        return self._length

    @property
    def nbytes(self) -> int:
        """About the memory that they take, in bytes."""
        return sum(len(block.texts) + _BLOCK_BYTES for block in self._blocks)

    def __getitem__(self, index: int) -> KnownManifest | None:
        return list(self._blocks[index // _BLOCK].unpacked())[index % _BLOCK]

    def unpacked(self) -> list[KnownManifest | None]:
        """All of them, in order."""
        return [known for block in self._blocks for known in block.unpacked()]


def _pack(known: Sequence[KnownManifest | None]) -> _Block:
    shared: dict[KnownManifest, int] = {}
    which = np.full(len(known), -1, np.int16)
    for index, one in enumerate(known):
        if one is not None:
            without = KnownManifest(one.content, one.series, b"", one.sites, one.sample_count, one.measures)
            which[index] = shared.setdefault(without, len(shared))
    # JSON has no line ends between its parts.
    texts = b"\n".join(b"" if one is None else one.text for one in known)
    return _Block(tuple(shared), which.tobytes(), zlib.compress(texts, _LEVEL))
