"""From what a user gives as a log directory to its store."""

from __future__ import annotations

import os
from typing import Any

from tb_attention.errors import ArgumentError
from tb_attention.records.store.local_store import LocalStore
from tb_attention.records.store.store import Store, is_url


def open_store(log_dir: str | os.PathLike[str]) -> Store:
    """The store of a directory.

    Args:
        log_dir: A path ("~" is expanded), or any URL that fsspec knows, such as "s3://bucket/run1".

    Raises:
        ArgumentError: `log_dir` is empty or not a path.
        MissingDependencyError: fsspec needs another package for this kind of URL.
    """
    directory = checked_directory(log_dir)
    if is_url(directory):
        from tb_attention.records.store.remote_store import RemoteStore  # fsspec takes a while to import

        return RemoteStore(directory)
    return LocalStore(directory)


def checked_directory(log_dir: Any) -> str:
    """A run's directory as an absolute path; a URL stays as it is, except that "file://" URLs become paths.

    Raises:
        ArgumentError: It is empty or not a path.
    """
    try:
        text = os.fspath(log_dir)
    except TypeError:
        text = ""
    if not isinstance(text, str) or not text or "\0" in text:
        raise ArgumentError(f"`log_dir` must be a path or a URL. Received: log_dir={log_dir!r}.")
    text = text.removeprefix("file://")
    return text if is_url(text) else os.path.abspath(os.path.expanduser(text))
