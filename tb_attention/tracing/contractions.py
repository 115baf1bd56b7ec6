"""Products of two tensors that sum over an axis, all written as an Einstein sum."""

from __future__ import annotations

from dataclasses import dataclass

from tb_attention.tracing.graph import Graph, Node

BATCHED = frozenset({"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"})


@dataclass(frozen=True, slots=True)
class Contraction:
    """Names of the axes of the operands and of the result; axes of the same name run together.

    Attributes:
        operands: For each of the two operands a name per axis.
        result: A name per axis of the result. Names that are missing here are summed over.
    """

    operands: tuple[tuple[str, ...], tuple[str, ...]]
    result: tuple[str, ...]


def contraction_of(graph: Graph, node: Node) -> Contraction | None:
    """The node as a contraction of two operands, or None if it is none or cannot be read."""
    if len(node.inputs) < 2 or node.inputs[0].rank is None or node.inputs[1].rank is None:
        return None
    if node.type == "MatMul":
        left, right = ["i", "k"], ["k", "j"]
        if graph.attribute(node, "transpose_a"):
            left.reverse()
        if graph.attribute(node, "transpose_b"):
            right.reverse()
        return Contraction((tuple(left), tuple(right)), ("i", "j"))
    if node.type in BATCHED:
        rank = max(node.inputs[0].rank, node.inputs[1].rank)
        batch = [f"b{place}" for place in range(rank - 2)]
        left, right = ["i", "k"], ["k", "j"]
        if graph.attribute(node, "adj_x"):
            left.reverse()
        if graph.attribute(node, "adj_y"):
            right.reverse()
        operands = (
            tuple(batch[rank - node.inputs[0].rank :] + left),
            tuple(batch[rank - node.inputs[1].rank :] + right),
        )
        return Contraction(operands, (*batch, "i", "j"))
    if node.type == "Einsum" and len(node.inputs) == 2:
        return _einsum(graph, node)
    return None


def rearrangement_of(graph: Graph, node: Node) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Names of the axes of the operand and of the result of an Einstein sum of one operand; None for other nodes."""
    if node.type != "Einsum" or len(node.inputs) != 1 or node.inputs[0].rank is None:
        return None
    term, result = _equation(graph, node).split("->")
    covered = node.inputs[0].rank - len(term.replace("...", ""))
    names = _expand(term, covered, covered)
    return (names, _expand(result, covered, covered)) if len(set(names)) == len(names) == node.inputs[0].rank else None


def _equation(graph: Graph, node: Node) -> str:
    equation = graph.attribute(node, "equation")
    return (equation.decode() if isinstance(equation, bytes) else str(equation)).replace(" ", "")


def _einsum(graph: Graph, node: Node) -> Contraction | None:
    left, result = _equation(graph, node).split("->")
    terms = left.split(",")
    ranks = [node.inputs[0].rank or 0, node.inputs[1].rank or 0]
    longest = (
        max(rank - len(term.replace("...", "")) for rank, term in zip(ranks, terms, strict=True) if "..." in term)
        if ("..." in left)
        else 0
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
    ellipsis = [f"...{place}" for place in range(longest - covered, longest)] if dots else []
    return (*head, *ellipsis, *tail)


def is_product(graph: Graph, node: Node) -> bool:
    """Whether a node multiplies number by number and sums over nothing, as an Einstein sum may."""
    contraction = contraction_of(graph, node)
    return contraction is not None and {*contraction.operands[0], *contraction.operands[1]} <= set(contraction.result)
