"""What the browser tests share: a TensorBoard over the logs of a test module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TensorBoard


@pytest.fixture(scope="module")
def server(logs: Path) -> Iterator[TensorBoard]:
    """A TensorBoard over the module's fixture `logs`; it must not have complained of anything by the end."""
    server = TensorBoard(logs)
    yield server
    server.stop()
    assert server.complaints == []
