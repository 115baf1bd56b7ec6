"""Notes which modules are being called, so that each operation knows the modules around it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from tb_attention.tracing.graph import LayerCall

_THREAD = threading.local()


@dataclass(frozen=True, eq=False)
class NamedModule:
    """A module in the paths of sites.

    Attributes:
        name: Its name below the module that calls it, such as "layer.0.attention": lists of modules are not called.
        path: Its name in the model, as in `named_modules`; "" for the model itself.
    """

    name: str
    path: str


@dataclass(eq=False)
class ModuleCalls:
    """The modules that are being called in this thread.

    Attributes:
        stack: Their calls, outermost first; replaced, never changed, so that operations can share it.
    """

    names: dict[torch.nn.Module, str]
    stack: tuple[LayerCall, ...] = ()
    _known: dict[tuple[str, str], NamedModule] = field(default_factory=dict)
    _calls: int = 0

    def enter(self, module: torch.nn.Module) -> None:
        path = self.names.get(module, type(module).__name__)
        if self.stack and path == self.path:
            # A compiled module and what it was made of are one.
            self.stack = (*self.stack, self.stack[-1])
            return
        self._calls += 1
        self.stack = (*self.stack, LayerCall(self._named(path), self._calls))

    def leave(self) -> None:
        self.stack = self.stack[:-1]

    @property
    def path(self) -> str:
        """The name of the innermost module."""
        return self.stack[-1].layer.path if self.stack else ""

    def _named(self, path: str) -> NamedModule:
        above = self.path
        if (path, above) not in self._known:
            self._known[path, above] = NamedModule(path.removeprefix(f"{above}.") if above else path, path)
        return self._known[path, above]


@contextlib.contextmanager
def noting_modules(model: torch.nn.Module) -> Iterator[ModuleCalls]:
    """Takes notes of the modules that this thread calls; other threads are not affected.

    Each module gets a hook before all others and one behind them, for as long as the block lasts.
    """
    calls = ModuleCalls({module: name.replace("._orig_mod", "") for name, module in model.named_modules()})
    outer = getattr(_THREAD, "calls", None)

    def before(module: torch.nn.Module, args: Any) -> None:
        if getattr(_THREAD, "calls", None) is calls:
            calls.enter(module)

    def after(module: torch.nn.Module, args: Any, result: Any) -> None:
        if getattr(_THREAD, "calls", None) is calls:
            calls.leave()

    with contextlib.ExitStack() as stack:
        for module in calls.names:
            stack.enter_context(module.register_forward_pre_hook(before, prepend=True))
            stack.enter_context(module.register_forward_hook(after, always_call=True))
        _THREAD.calls = calls
        try:
            yield calls
        finally:
            _THREAD.calls = outer
