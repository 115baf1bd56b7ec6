"""Products of two tensors that sum over an axis, all written as an Einstein sum."""

from __future__ import annotations

from dataclasses import dataclass

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Node


@dataclass(frozen=True, slots=True)
class Contraction:
    """Names of the axes of the operands and of the result; axes of the same name run together.

    Attributes:
        operands: For each of the two operands a name per axis.
        result: A name per axis of the result. Names that are missing here are summed over.
    """

    operands: tuple[tuple[str, ...], tuple[str, ...]]
    result: tuple[str, ...]


def contraction_of(node: Node) -> Contraction | None:
    """The node as a contraction of two operands; None if it is none, or has an unknown rank."""
    if node.op not in ops.PRODUCTS or len(node.inputs) != 2:
        return None
    ranks = (node.inputs[0].rank, node.inputs[1].rank)
    if ranks[0] is None or ranks[1] is None:
        return None
    if node.op == ops.EINSUM:
        return _einsum(node.attributes.equation, (ranks[0], ranks[1]))
    batch = [f"b{axis}" for axis in range(max(ranks[0], ranks[1]) - 2)]
    left, right = ["i", "k"], ["k", "j"]
    for names, is_transposed in zip((left, right), node.attributes.transposed, strict=True):
        if is_transposed:
            names.reverse()
    operands = (
        tuple(batch[len(batch) + 2 - ranks[0] :] + left),
        tuple(batch[len(batch) + 2 - ranks[1] :] + right),
    )
    return Contraction(operands, (*batch, "i", "j"))


def rearrangement_of(node: Node) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Names of the axes of the operand and of the result of an Einstein sum of one operand; None for other nodes."""
    if node.op != ops.EINSUM or len(node.inputs) != 1 or node.inputs[0].rank is None:
        return None
    term, result = node.attributes.equation.split("->")
    covered = node.inputs[0].rank - len(term.replace("...", ""))
    names = _expand(term, covered, covered)
    return (names, _expand(result, covered, covered)) if len(set(names)) == len(names) == node.inputs[0].rank else None


def is_product(node: Node) -> bool:
    """Whether a node multiplies element by element and sums over nothing, as an Einstein sum may."""
    contraction = contraction_of(node)
    return contraction is not None and {*contraction.operands[0], *contraction.operands[1]} <= set(contraction.result)


def _einsum(equation: str, ranks: tuple[int, int]) -> Contraction | None:
    left, result = equation.split("->")
    terms = left.split(",")
    longest = max(
        (rank - len(term.replace("...", "")) for rank, term in zip(ranks, terms, strict=True) if "..." in term),
        default=0,
    )
    expanded = []
    for term, rank in zip(terms, ranks, strict=True):
        names = _expand(term, rank - len(term.replace("...", "")), longest)
        if len(names) != rank or len(set(names)) != len(names):
            return None
        expanded.append(names)
    return Contraction((expanded[0], expanded[1]), _expand(result, longest, longest))


def _expand(term: str, covered: int, longest: int) -> tuple[str, ...]:
    head, dots, tail = term.partition("...")
    ellipsis = [f"...{axis}" for axis in range(longest - covered, longest)] if dots else []
    return (*head, *ellipsis, *tail)
