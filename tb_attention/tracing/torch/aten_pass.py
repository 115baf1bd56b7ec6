"""One pass of a module, of which each operation is told as it runs, below autograd and autocast."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tb_attention.tracing.graph import LayerCall

FLEX = "flex_attention"


class Calls(Protocol):
    """The modules or layers that are being called in this thread."""

    @property
    def stack(self) -> tuple[LayerCall, ...]:
        """Their calls, outermost first."""
        ...

    @property
    def path(self) -> str:
        """The name of the innermost one in the model."""
        ...


class Runnable(Protocol):
    """A model that is run on PyTorch."""

    name: str

    def at_inference(self) -> AbstractContextManager[Calls]:
        """A block in which the model computes what it does at inference, and after which it is as it was."""
        ...

    def __call__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Calls the model."""
        ...

    def weights(self) -> Iterable[torch.Tensor]:
        """What training changes, in contrast to constants."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Ran:
    """An operation that ran.

    Attributes:
        name: As "softmax", without its namespace, and without the underscore of an operation in place.
        arguments: All arguments by the names in the operator's schema, defaults too.
        outputs: The tensors that it made.
    """

    name: str
    arguments: Mapping[str, Any]
    outputs: Sequence[torch.Tensor]

    def __getitem__(self, name: str) -> Any:
        return self.arguments.get(name)


class AtenPass(TorchDispatchMode):  # type: ignore[misc]
    """Runs a model once at inference. Only this thread's operations are told.

    Args:
        model: The model.

    Attributes:
        keys: For each operation so far its name and the path of the module that it ran in.
        result: What the model returned.
    """

    supports_higher_order_operators = True

    def __init__(self, model: Runnable) -> None:
        super().__init__()
        self._model = model
        self.keys: list[tuple[str, str]] = []
        self.calls: Calls | None = None
        self.result: Any = None
        # The storages that this pass made. What is in others is put back.
        self._made: set[int] = set()
        self._before: dict[int, tuple[Any, Any]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Otherwise the first operation would import the compiler, which takes seconds; nothing is compiled in the pass."""
        return False

    def run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Calls the model."""
        with self._model.at_inference() as self.calls:
            try:
                with self:
                    self.result = self._model(args, kwargs)
            finally:
                for storage, copy in self._before.values():
                    storage.copy_(copy)

    def is_own(self, tensor: torch.Tensor) -> bool:
        """Whether this pass made what a tensor holds."""
        return storage_of(tensor) in self._made

    def wants(self, step: int) -> bool:
        """Whether `ran` is to be called for the operation of this number."""
        raise NotImplementedError

    def ran(self, step: int, ran: Ran) -> None:
        """An operation ran."""
        raise NotImplementedError

    def writing(self, tensor: torch.Tensor) -> None:
        """An operation is about to write to a tensor."""

    def written(self, tensor: torch.Tensor) -> None:
        """An operation has written to a tensor."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if isinstance(func, torch._ops.HigherOrderOperator):
            return self._higher_order(func, args, kwargs)
        facts = _facts_of(func)
        if facts.is_composite:
            with self:
                return func.decompose(*args, **kwargs)
        targets = facts.targets(args, kwargs) if facts.written else ()
        for tensor in targets:
            self._keep(tensor)
            self.writing(tensor)
        result = func(*args, **kwargs)
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        if facts.makes:
            self._made.update(map(storage_of, outputs))
        self._tell(facts.name, outputs, lambda: facts.bound(args, kwargs))
        for tensor in targets:
            self.written(tensor)
        return result

    def _tell(self, name: str, outputs: Sequence[torch.Tensor], arguments: Any) -> None:
        step = len(self.keys)
        self.keys.append((name, self.calls.path if self.calls is not None else ""))
        if outputs and self.wants(step):
            self.ran(step, Ran(name, arguments(), outputs))

    def _higher_order(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Operators that run functions, such as checkpoints, run them under this mode again; flex attention is one operation."""
        if func.name() != FLEX:
            with self:
                return func(*args, **kwargs)
        from torch._higher_order_ops.flex_attention import math_attention

        names = ("query", "key", "value", "score_mod", "block_mask", "scale", "kernel_options")
        bound = dict(zip(names, args, strict=False)) | {"rest": args[len(names) :]} | kwargs
        result = math_attention(*args, **kwargs)
        self._made.update(map(storage_of, result))
        self._tell(FLEX, list(result), lambda: bound)
        return result

    def _keep(self, tensor: torch.Tensor) -> None:
        """Keeps what a tensor holds that this pass did not make, such as a buffer."""
        key = storage_of(tensor)
        if key not in self._made and key not in self._before:
            storage = tensor.untyped_storage()
            self._before[key] = (storage, storage.clone())


def storage_of(tensor: torch.Tensor) -> int:
    """A number that is the same for all tensors that share memory, as long as one of them lives."""
    return int(tensor.untyped_storage()._cdata)


@dataclass(frozen=True, eq=False, slots=True)
class _Facts:
    """What the schema of an operator says.

    Attributes:
        name: As `Ran.name`.
        written: The indices and names of the arguments that it writes to.
        makes: Whether its results are new memory.
        is_composite: Whether it is written in terms of other operators.
    """

    name: str
    written: tuple[tuple[int, str], ...]
    makes: bool
    is_composite: bool
    _schema: Any

    def targets(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[torch.Tensor]:
        given = [args[index] if index < len(args) else kwargs.get(name) for index, name in self.written]
        return [leaf for leaf in tree_leaves(given) if isinstance(leaf, torch.Tensor)]

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._bound(args, kwargs))

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for index, argument in enumerate(self._schema.arguments):
            if index < len(args):
                yield argument.name, args[index]
            else:
                yield argument.name, kwargs.get(argument.name, argument.default_value)


@functools.cache
def _facts_of(func: Any) -> _Facts:
    schema = func._schema
    name = schema.name.removeprefix("aten::")
    if name.endswith("_") and not name.endswith("__"):
        name = name[:-1]
    written = tuple(
        (index, argument.name)
        for index, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )
    makes = all(returned.alias_info is None for returned in schema.returns)
    return _Facts(name, written, makes, bool(func._can_decompose()), schema)
