"""A file system in memory, at moody://, that answers, hangs or raises whatever a library might raise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

SECRET = "AKIAVERYSECRET/abc+def"


class ClientError(Exception):
    """As botocore's: the code is in a dict, and the text holds more than one should show."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code}) for https://bucket/?X-Amz-Signature={SECRET}")
        self.response = {"Error": {"Code": code, "Message": SECRET}}


class EndpointConnectionError(Exception):
    """As botocore's: no OSError."""


class NoCredentialsError(Exception):
    """As botocore's."""


class ReadTimeoutError(Exception):
    """As urllib3's and botocore's."""


class ClientResponseError(Exception):
    """As aiohttp's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status}, url='https://host/x?sig={SECRET}'")
        self.status = status


class Mood:
    """What the place does at present. `error`: an exception that it raises. `gate`: while it is clear, the place hangs."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.asked = 0

    def meet(self) -> None:
        """Called for every question."""
        self.asked += 1
        self.gate.wait(60)
        if self.error is not None:
            raise self.error


mood = Mood()


class MoodyFile(MemoryFile):  # type: ignore[misc]
    def read(self, *arguments: Any) -> Any:
        mood.meet()
        return super().read(*arguments)


class MoodyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    protocol = "moody"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(MemoryFileSystem._strip_protocol(path.replace("moody://", "memory://")))

    def ls(self, path: str, detail: bool = True, **rest: Any) -> Any:
        mood.meet()
        return super().ls(path, detail, **rest)

    def info(self, path: str, **rest: Any) -> Any:
        mood.meet()
        return super().info(path, **rest)

    def _open(self, path: str, mode: str = "rb", *arguments: Any, **rest: Any) -> Any:
        mood.meet()
        opened = super()._open(path, mode, *arguments, **rest)
        return MoodyFile(self, path, opened.getvalue()) if mode == "rb" else opened


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mood]:
    """The mood of an empty place, good at first. What fails is not tried again."""
    monkeypatch.setattr("tb_attention.records.store.remote_store._RETRY_SECONDS", ())
    fsspec.register_implementation("moody", MoodyFileSystem, clobber=True)
    MoodyFileSystem.store.clear()
    MoodyFileSystem.pseudo_dirs[:] = [""]
    mood.__init__()  # type: ignore[misc]
    yield mood
    mood.error = None
    mood.gate.set()
