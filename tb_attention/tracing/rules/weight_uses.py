"""Follows attention weights forward to what they multiply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tb_attention.tracing import limits, ops
from tb_attention.tracing.contractions import contraction_of
from tb_attention.tracing.dimension_tracker import DimensionTracker
from tb_attention.tracing.graph import Node, Value
from tb_attention.tracing.rules.candidates import Candidate
from tb_attention.tracing.rules.handwritten import read_normalised
from tb_attention.tracing.rules.operands import (
    ARITHMETIC,
    IGNORED,
    is_made_of,
    is_mask,
    is_score,
    met_factors,
    product_dims,
)
from tb_attention.tracing.symbolic_dimensions import Dim, Factor, Origin

_Next = tuple[Value, Value]
"""A value to follow, and the tensor that holds the weights last."""


@dataclass(frozen=True, eq=False, slots=True)
class Use:
    """Where weights end.

    Attributes:
        how: "mix": the product with other activations is summed over `contracted`. "scale": other activations are multiplied.
            "project": only a variable is multiplied. "choose": the largest are picked, or one is drawn. "output": it is an
            output of the model. "other": anything else.
        node: The operation where it happens.
        weights: The tensor that holds the weights last, before they are copied along other axes.
        operand: The operand of `node`.
        other: The activations it meets, for "mix" and "scale".
        contracted: The factors of the operand that are summed over, for "mix".
        shared: The factors of the operand along which the other activations differ too.
        met: For factors of the operand the factors of the other activations along which they run, where these are known.
        elementwise: Whether `node` multiplies number by number, and sums over nothing itself.
    """

    how: Literal["mix", "scale", "project", "choose", "output", "other"]
    node: Node
    weights: Value
    operand: Value
    other: Value | None = None
    contracted: tuple[Factor, ...] = ()
    shared: tuple[Factor, ...] = ()
    met: Mapping[Factor, Dim] = field(default_factory=dict)
    elementwise: bool = False

    def origin_of(self, factor: Factor) -> Origin:
        """Where a factor of the operand comes from: scores of positions that a projection made are positions here."""
        return self.scored_by(factor)[0].origin

    def scored_by(self, factor: Factor) -> Dim:
        """The positions, or cells of a neighbourhood, that the scores of a projection are of; else the factor itself."""
        met = self.met.get(factor, ())
        are_positions = {other.origin for other in met} in ({"position"}, {"window"})
        return met if factor.origin == "feature" and are_positions else (factor,)


class UseFinder:
    """Finds the uses of candidates in one graph.

    Args:
        tracker: The dimensions of the values of the graph.
        wholes: Candidates that were put together of others, which end in them.
        dead: Whether uses count of which no output of the model is computed.
    """

    def __init__(self, tracker: DimensionTracker, wholes: Iterable[Candidate], *, dead: bool = False) -> None:
        self._tracker = tracker
        self._outputs = set(tracker.graph.outputs)
        self._wholes = {candidate.value for candidate in wholes}
        # What only a loss is computed from is no use, nor the first step that a recurrent layer makes and drops.
        self._live = set(tracker.dims) if dead else tracker.graph.leading_to_outputs()

    def uses(self, candidate: Candidate) -> list[Use]:
        """Where the numbers of a candidate end, in the order of the model."""
        found: list[Use] = []
        todo = [(candidate.value, candidate.value, 0)]
        seen: set[Value] = set()
        while todo:
            value, weights, steps = todo.pop(0)
            if value in seen or steps > limits.MANY_STEPS or (steps and value in self._wholes):
                continue
            seen.add(value)
            if value in self._outputs:
                found.append(Use("output", value.node, weights, value))
            for node in value.users:
                if self._live.isdisjoint(node.outputs):
                    continue
                for use in self._meet(candidate, node, value, weights):
                    if isinstance(use, Use):
                        found.append(use)
                    else:
                        todo.append((*use, steps + 1))
        return sorted(found, key=lambda use: use.node.index)

    def _meet(self, candidate: Candidate, node: Node, value: Value, weights: Value) -> Iterator[Use | _Next]:
        """What becomes of weights at one of their users: a use, or what to follow."""
        if node.op in IGNORED:
            return
        if node.op == ops.LIST_OF:
            # Taken apart for a loop.
            yield node.outputs[0], weights
        elif node.op in (ops.LIST_ITEM, ops.LIST_STACK):
            yield node.outputs[0], node.outputs[0]
        elif node.op in ops.TOTALS:
            # A total is no longer weights; where they are divided by it, they are followed on the other way.
            yield from self._passed(node, weights) if self._keeps_axis(candidate, node, value) else ()
        elif node.op in ops.CHOICES:
            yield Use("choose", node, weights, value)
        elif contraction_of(node) is not None:
            yield from self._meet_contraction(candidate, node, value, weights)
        elif node.op in ops.CONVOLUTIONS:
            dims = self._tracker.dims[value]
            channels = dims[node.attributes.channels] if dims else ()
            if (
                candidate.family == "softmax"
                and candidate.axis.isdisjoint(channels)
                and channels
                and node.inputs[0] is value
            ):
                yield node.outputs[0], node.outputs[0]
            else:
                if not channels and node.inputs[0] is value and node.op == ops.CONV:
                    # One map that is copied to all channels, each with a factor.
                    yield node.outputs[0], weights
                yield Use("project", node, weights, value)
        elif node.op == ops.MUL:
            other = node.inputs[1] if node.inputs[0] is value else node.inputs[0]
            yield from self._meet_product(candidate, node, value, other, weights)
        elif node.op in ops.MOVES or node.op == ops.SQUARE:
            yield from self._passed(node, weights)
        elif node.op in ARITHMETIC:
            yield from self._meet_arithmetic(candidate, node, value, weights)
        else:
            yield Use("other", node, weights, value)

    def _meet_product(
        self, candidate: Candidate, node: Node, value: Value, other: Value, weights: Value
    ) -> Iterator[Use | _Next]:
        if other is value:
            yield Use("other", node, weights, value)
        elif other not in self._tracker.dependent or is_mask(other):
            yield from self._passed(node, weights)
        elif is_made_of(candidate.value, other) or (self._is_map_alike(value, other) and is_score(other)):
            # Weights cut off where they are small, or two softmaxes along either side of a map, are one map still.
            yield from self._passed(node, weights)
        elif self._normalises(candidate, node) or self._is_normalised(candidate, node):
            # Weights that are masked, or multiplied by others, and divided by their sum.
            yield from self._passed(node, weights)
        elif any(user.inputs == node.inputs and self._is_normalised(candidate, user) for user in value.users):
            # The same product, written once more for the sum.
            return
        elif candidate.family == "sigmoid" and other.node.op == ops.SIGMOID:
            # A gate over rows and one over columns are multiplied before they meet the feature map.
            yield node.outputs[0], weights
        else:
            yield self._scaled(node, value, other, weights)

    def _is_normalised(self, candidate: Candidate, node: Node) -> bool:
        return any(self._normalises(candidate, user) for user in node.outputs[0].users)

    def _normalises(self, candidate: Candidate, node: Node) -> bool:
        """Whether a node divides by a sum over the keys of a candidate."""
        normalised = read_normalised(self._tracker.graph, node)
        if normalised is None:
            return False
        dims = self._tracker.dims[normalised.total.summed] or ()
        summed = {factor for axis in normalised.total.axes for factor in dims[axis]}
        return candidate.axis <= summed if candidate.axis else "position" in {factor.origin for factor in summed}

    def _keeps_axis(self, candidate: Candidate, node: Node, value: Value) -> bool:
        """Whether a mean is one of several distributions, such as those of heads: still a distribution over the same keys."""
        dims = self._tracker.dims[value] or ()
        axes = node.attributes.axes if node.op == ops.MEAN else None
        if not axes or not candidate.axis or not candidate.axis <= set(self._tracker.factors(value)):
            return False
        return candidate.axis.isdisjoint(factor for axis in axes for factor in dims[axis])

    def _meet_arithmetic(self, candidate: Candidate, node: Node, value: Value, weights: Value) -> Iterator[Use | _Next]:
        first = node.inputs[0] is value
        other = node.inputs[1] if first else node.inputs[0]
        division = node.op == ops.DIV
        if other not in self._tracker.dependent and (first or not division):
            yield from self._passed(node, weights)
        elif division and first:
            # Divided by their own sum, or by a temperature.
            yield from self._passed(node, weights)
        elif node.op in (ops.ADD, ops.SUB) and (self._is_map_alike(value, other) or is_made_of(candidate.value, other)):
            # Two maps added or subtracted, as in differential attention, are one map for the values. So is the largest
            # weight alone, written as the weights and what they lack.
            yield from self._passed(node, weights)
        else:
            yield Use("other", node, weights, value)

    def _is_map_alike(self, value: Value, other: Value) -> bool:
        dims, others = self._tracker.dims[value], self._tracker.dims[other]
        if dims is None or others is None or len(dims) != len(others) or len(dims) < 3:
            return False
        return dims[-2:] == others[-2:] and all(dims[-2:]) and "position" in {factor.origin for factor in dims[-1]}

    def _passed(self, node: Node, weights: Value) -> Iterator[_Next]:
        # Numbers of other positions are no copies: a layer applied step by step is put together of its steps.
        joined = node.op in ops.JOINS and len({item for item in node.inputs if item in self._tracker.dependent}) > 1
        for output in node.outputs:
            copied = node.op in ops.COPIES or (
                not joined and len(self._tracker.factors(output)) > len(self._tracker.factors(weights))
            )
            yield output, weights if copied else output

    def _meet_contraction(
        self, candidate: Candidate, node: Node, value: Value, weights: Value
    ) -> Iterator[Use | _Next]:
        contraction = contraction_of(node)
        dims = self._tracker.dims[value]
        if contraction is None or dims is None:
            return
        mine = 0 if node.inputs[0] is value else 1
        other = node.inputs[1 - mine]
        names, others = contraction.operands[mine], contraction.operands[1 - mine]
        if other in self._tracker.dependent and set(names) | set(others) <= set(contraction.result):
            # An Einstein sum may be a plain product.
            yield from self._meet_product(candidate, node, value, other, weights)
            return
        contracted = tuple(
            factor for name, dim in zip(names, dims, strict=True) if name not in contraction.result for factor in dim
        )
        if other not in self._tracker.dependent:
            if candidate.axis and candidate.axis.isdisjoint(contracted) and contracted:
                # Heads mixed by a variable, as talking heads do: still a map.
                yield node.outputs[0], node.outputs[0]
            yield Use("project", node, weights, value, other, contracted)
            return
        other_dims = dict(zip(others, self._tracker.dims[other] or (), strict=False))
        shared = tuple(
            factor
            for name, dim in zip(names, dims, strict=True)
            if name in contraction.result and other_dims.get(name)
            for factor in dim
        )
        met = met_factors(dims, [other_dims.get(name, ()) for name in names])
        if is_mask(other):
            yield Use("other", node, weights, value)
        else:
            yield Use("mix", node, weights, value, other, contracted, shared, met)

    def _scaled(self, node: Node, value: Value, other: Value, weights: Value) -> Use:
        """A product of activations: "mix" if it is then summed over an axis of the weights."""
        result = self._tracker.dims[node.outputs[0]] or ()
        dims, padded = product_dims(self._tracker, node, value, other)
        owner: dict[Factor, tuple[Factor, ...]] = {}
        shared: list[Factor] = []
        for dim, made, other_dim in zip(dims, result, padded, strict=False):
            if len(dim) == len(made):
                owner.update((theirs, (mine,)) for theirs, mine in zip(made, dim, strict=True))
            else:
                owner.update((theirs, dim) for theirs in made)
            if other_dim:
                shared.extend(dim)
        reduced = self._reduced(node.outputs[0])
        contracted = tuple(dict.fromkeys(factor for theirs in reduced for factor in owner.get(theirs, ())))
        real = [factor for factor in contracted if factor.origin != "repeat"]
        how: Literal["mix", "scale"] = "mix" if real else "scale"
        return Use(
            how, node, weights, value, other, tuple(real), tuple(shared), met_factors(dims, padded), elementwise=True
        )

    def _reduced(self, value: Value) -> list[Factor]:
        """The factors over which a product is summed or averaged, where nothing else is done with it."""
        for _ in range(limits.MANY_STEPS):
            users = [node for node in value.users if node.op not in IGNORED]
            dims = self._tracker.dims[value]
            if len(users) != 1 or dims is None:
                return []
            node = users[0]
            if node.op in (ops.SUM, ops.MEAN):
                axes = node.attributes.axes
                return [factor for axis in axes or () for factor in dims[axis]]
            if node.op in ops.SEGMENTS:
                return [factor for dim in dims[: node.inputs[1].rank] for factor in dim]
            if node.op not in ops.MOVES or node.op == ops.CONCAT:
                return []
            value = node.outputs[0]
        return []
