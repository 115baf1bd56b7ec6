"""What is no site because the model hardly means it: weights along the batch, and attention that leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_attention.tracing.atoms import Atom
from tb_attention.tracing.dims import DimReader
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.rules.sources import Source
from tb_attention.tracing.rules.uses import Use

SAMPLES = (
    "samples attend to each other: the weights run along the batch, so what one gets depends on the others in its batch"
)
UNUSED = "attends, but reaches no output of the model: check that its result is used"


def joins_samples(reader: DimReader, source: Source, uses: Sequence[Use]) -> bool:
    """Whether the weights of one sample are of other samples: they sum to 1 over the batch, or mix along it.

    Sums over segments, such as the nodes of one graph of several in a batch, do not.
    """
    if source.segments is not None or not any(use.how in ("mix", "scale", "project") for use in uses):
        return False
    mixed = (use.contracted for use in uses if use.how == "mix" and not use.elementwise)
    atoms = source.axis or {atom for contracted in mixed for atom in contracted}
    return any(_are_samples(reader, atom) for atom in atoms)


def _are_samples(reader: DimReader, atom: Atom | None) -> bool:
    while atom is not None and atom is not reader.batch:
        atom = atom.parent
    return atom is not None


def layers_of(calls: Iterable[LayerCall]) -> tuple[int, ...]:
    """The layers around an operation, whichever call of them it is."""
    return tuple(id(call.layer) for call in calls)
