"""Sites of generated sequences, whose positions are tokens: generated ones, or those that they were generated from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.samples.default_axes import facts_of, note_on_cells
from tb_attention.records.samples.nested import to_numpy
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.generated_maps import fill_up, generated_maps
from tb_attention.records.writing.given_sites import to_sites
from tb_attention.reduce.axes import InputFacts, describe_axis
from tb_attention.site import Axis, Kind, Role, Site

Maps = Mapping[str, npt.NDArray[Any]]


def generated_sites(outputs: Mapping[str, Any], samples: Samples | None, *, iterations: bool) -> tuple[Site, ...]:
    """The sites of generated sequences, with their axes as far as they are known.

    Args:
        outputs, iterations: As for `generated_maps`.
        samples: The samples of the writer, or None.

    Raises:
        ArgumentError: As `generated_maps` raises.
    """
    maps = generated_maps(outputs, None if samples is None else len(samples), iterations=iterations)
    inputs = token_inputs(outputs, maps, samples)
    maps = {
        path: fill_up(array, inputs.length, keys=path.startswith("decoder"))
        if not path.startswith("encoder")
        else array
        for path, array in maps.items()
    }
    given = {} if samples is None else samples.axes
    axes = {path: given.get(path) or inputs.axes(path, array.shape) for path, array in maps.items()}
    kinds: dict[str, Kind] = {path: "cross" if path.startswith("cross") else "self" for path in maps}
    sites = to_sites(maps, samples, kinds, axes)
    return tuple(site if site.path in given else site.replace(note=note_on_cells(site.axes)) for site in sites)


@dataclass(frozen=True)
class TokenInputs:
    """Which inputs of the samples the tokens of a generation are; None where that is not known, and nothing is claimed.

    Attributes:
        facts: What each input is.
        generated: The index of the input with the tokens that the decoder read and wrote.
        source: The index of the input with the tokens that the encoder read.
    """

    facts: tuple[InputFacts, ...]
    generated: int | None = None
    source: int | None = None

    @property
    def length(self) -> int | None:
        """How many tokens the generated sequences have."""
        return None if self.generated is None else self.facts[self.generated].length

    def axes(self, path: str, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        """The axes of maps `(samples, heads, [steps], queries, keys)`, without those of samples and heads."""
        site = path.partition("/")[0]
        steps = tuple(Axis("iteration", size) for size in shape[2:-2])
        query = self._axis("query", shape[-2], from_source=site == "encoder")
        return (*steps, query, self._axis("key", shape[-1], from_source=site != "decoder"))

    def _axis(self, role: Role, size: int, *, from_source: bool) -> Axis:
        index = self.source if from_source else self.generated
        if index is not None and self.facts[index].length == size:
            return Axis(role, size, "tokens", input=index)
        # An encoder may have read a picture.
        pictures = [fact if fact.kind == "image" else InputFacts("values") for fact in self.facts]
        return describe_axis(Axis(role, size), pictures) if from_source else Axis(role, size)


def token_inputs(outputs: Mapping[str, Any], maps: Maps, samples: Samples | None) -> TokenInputs:
    """Finds the inputs by their contents, or else by their lengths; of two that fit, the source comes first.

    Args:
        outputs: As for `generated_maps`; "sequences" are compared with the inputs where they are there.
        maps: What `generated_maps` made of it.
        samples: The samples of the writer.
    """
    if samples is None:
        return TokenInputs(())
    facts = tuple(facts_of(samples))
    lengths = {index: fact.length for index, fact in enumerate(facts) if fact.kind == "tokens"}
    sites: dict[str, tuple[int, ...]] = {path.partition("/")[0]: array.shape for path, array in maps.items()}
    read = next((sites[site][-2] for site in ("decoder", "cross") if site in sites), None)
    keys = next((sites[site][-1] for site in ("cross", "encoder") if site in sites), None)
    sequences = outputs.get("sequences")
    equal = [index for index in lengths if sequences is not None and _equal(samples, index, sequences)]
    # What is no copy of the sequences may be their words.
    named = [index for index in lengths if sequences is None or index in samples.tokens]
    generated = equal or [index for index in named if read is not None and lengths[index] in (read, read + 1)]
    if keys is None:
        return TokenInputs(facts, generated=generated[0] if generated else None)
    source = [index for index, length in lengths.items() if length == keys and index not in equal]
    pairs = [(ours, theirs) for theirs in source for ours in generated if ours != theirs]
    pairs.sort(key=lambda pair: pair[0] < pair[1])
    if pairs:
        return TokenInputs(facts, *pairs[0])
    if source and generated:
        return TokenInputs(facts)  # one input, which may be either
    return TokenInputs(facts, *(found[0] if found else None for found in (generated, source)))


def _equal(samples: Samples, index: int, sequences: Any) -> bool:
    return np.array_equal(samples.arrays[index][1], to_numpy(sequences))
