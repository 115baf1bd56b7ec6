"""Shared by the tests of records: places to write to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest


@pytest.fixture(params=["local", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A run directory that does not exist yet: a path, and a URL."""
    if request.param == "local":
        yield str(tmp_path / "run")
        return
    name = uuid.uuid4().hex
    yield f"memory://{name}/run"
    fsspec.filesystem("memory").rm(f"/{name}", recursive=True)
