"""The one door to other machines: whatever a library raises there becomes one error of ours, without any secret in it."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from tb_attention.errors import AttentionError, UnreachableError
from tb_attention.records.store.store import is_url

# What a store says of one path. Everything else that it raises is about the place, or about this process.
_OF_A_PATH = (FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError)

_DENIED = "does not allow this process to do that"

# The libraries are not imported: what went wrong is found in the names of their classes and codes, the first line that fits.
_REASONS = (
    (r"expired", "does not accept the credentials of this process any more: they have expired"),
    (
        r"credential|token|authenti|unauthori[sz]ed|invalidaccesskey|signature|refresherror|\b401\b",
        "does not accept the credentials of this process, or found none",
    ),
    (r"accessdenied|forbidden|permission|\b403\b", _DENIED),
    (r"timeout|timedout", "has not answered in time"),
    (r"slowdown|throttl|toomanyrequests|unavailable|internalerror|\b(429|50[0-9])\b", "is too busy or out of order"),
    (r"connect|gaierror|resolution|dns", "cannot be reached"),
)
_FAILED = "failed to answer"

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_MOST_CAUSES = 10

# Before an "@": what is no host. A key may contain "/", but then it has a ":" that no port follows.
_USER = re.compile(r"://(?:[^/?#@]*:(?![0-9]+(?:/|$))[^?#@]*|[^/?#@]*)@")
_VALUE = re.compile(r"([?&][^=&/?#]+=)[^&#/]*")


def shown_url(url: str) -> str:
    """A path or URL for people: of a URL without user, password, key, and the values after "?"."""
    return _VALUE.sub(r"\1...", _USER.sub("://", url)) if is_url(url) else url


def place_of(url: str) -> str:
    """The bucket or host of a URL, for people: "s3://bucket" of "s3://bucket/logs/run1"."""
    head, _, rest = shown_url(url).rpartition("://")
    return f"{head}://{rest.split('/', 1)[0]}"


@contextlib.contextmanager
def reaching(url: str) -> Iterator[None]:
    """Translates what a library raises about a place.

    Args:
        url: Where it is.

    Raises:
        UnreachableError: For everything but what a store says of one path: a name that is not there, or that is no directory.
        FileNotFoundError: And its kind, with a text of ours: that of a library may hold a signed URL.
    """
    try:
        yield
    except AttentionError:
        raise
    except _OF_A_PATH as error:
        number = error.errno or errno.ENOENT
        raise type(error)(number, os.strerror(number), shown_url(url)) from None
    except Exception as error:
        # Neither the text nor the traceback goes on: they may hold keys and signed URLs.
        what, name = _reason(error)
        raise UnreachableError(f"{place_of(url)} {what} ({name}).", denied=what == _DENIED) from None


@contextlib.contextmanager
def unless_unreachable() -> Iterator[None]:
    """Passes over a file that is missing, damaged or forbidden; that its place cannot be reached concerns all files.

    Raises:
        UnreachableError: The place cannot be reached.
    """
    try:
        yield
    except UnreachableError as error:
        if not error.denied:
            raise
    except (AttentionError, OSError):
        return


class ReachedFile(io.BufferedIOBase):
    """A file of another machine, opened for reading.

    Args:
        file: As its library opened it.
        ask: Calls the function that it is given, which reads, and returns what that returns.
    """

    def __init__(self, file: IO[bytes], ask: Callable[[Callable[[], Any]], Any]) -> None:
        self._file = file
        self._ask = ask

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """Whether `seek` works."""
        return self._file.seekable()

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, or fewer at the end of the file; all that are left for a negative number."""
        return cast(bytes, self._ask(lambda: self._file.read(-1 if size is None else size)))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes to a position, as `io.IOBase.seek`."""
        return cast(int, self._ask(lambda: self._file.seek(offset, whence)))

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def close(self) -> None:
        """Closes both files."""
        if not self.closed:
            self._file.close()
        super().close()


def _reason(error: BaseException) -> tuple[str, str]:
    """What went wrong, and the name of the class or the code that says so."""
    names = [name for each in _causes(error) for name in _names(each)]
    for pattern, sentence in _REASONS:
        for name in names:
            if re.search(pattern, name, re.IGNORECASE):
                return sentence, name
    return _FAILED, type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        yield error
        cause = error.__cause__ or error.__context__
        if cause is None:
            return
        error = cause


def _names(error: BaseException) -> Iterator[str]:
    """Codes of the service first, which say more than the class; then the classes."""
    response = getattr(error, "response", None)
    inner = response.get("Error") if isinstance(response, dict) else None
    found = [inner.get("Code") if isinstance(inner, dict) else None]
    found += [getattr(error, name, None) for name in ("error_code", "code", "status", "status_code")]
    for value in found:
        if isinstance(value, str | int) and not isinstance(value, bool) and _CODE.fullmatch(str(value)):
            yield str(value)
    for kind in type(error).__mro__:
        if kind not in (Exception, BaseException, object, OSError):
            yield kind.__name__
