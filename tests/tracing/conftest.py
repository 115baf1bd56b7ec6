"""What the tests of capture share."""

from __future__ import annotations

from typing import Any

import pytest

from tb_attention.tracing.tensorflow import trace


@pytest.fixture
def without_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are captured as those that cannot be traced are."""

    def no_graph(*_: Any) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(trace, "_trace", no_graph)
