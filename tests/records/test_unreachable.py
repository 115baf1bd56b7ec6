"""Whatever a library raises about another machine becomes one error of ours, which says what failed and no secret."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import DamagedFileError, LogError, UnreachableError
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import place_of, shown_url
from tests.records.moody_place import (
    SECRET,
    ClientError,
    ClientResponseError,
    EndpointConnectionError,
    Mood,
    NoCredentialsError,
    ReadTimeoutError,
    moody,
)

__all__ = ["moody"]

URL = "moody://bucket/logs/run"


def wrapped(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


STRANGE: list[tuple[Exception, str]] = [
    (EndpointConnectionError(f"Could not connect to https://{SECRET}@host"), "cannot be reached"),
    (ConnectionResetError(SECRET), "cannot be reached"),
    (NoCredentialsError("Unable to locate credentials"), "credentials"),
    (ClientError("InvalidAccessKeyId"), "credentials"),
    (ClientError("SignatureDoesNotMatch"), "credentials"),
    (wrapped(TimeoutError(SECRET), ClientError("ExpiredToken")), "have expired"),
    (wrapped(PermissionError(SECRET), ClientError("AccessDenied")), "does not allow"),
    (PermissionError("Forbidden"), "does not allow"),
    (ReadTimeoutError(SECRET), "not answered in time"),
    (asyncio.TimeoutError(), "not answered in time"),
    (ClientError("SlowDown"), "too busy"),
    (wrapped(OSError(5, SECRET), ClientError("ServiceUnavailable")), "too busy"),
    (ClientResponseError(503), "too busy"),
    (ClientResponseError(401), "credentials"),
    (ValueError(SECRET), "failed to answer"),
    (KeyError(SECRET), "failed to answer"),
    (OSError(5, SECRET), "failed to answer"),
    (RuntimeError(f"{SECRET} " * 1000), "failed to answer"),
]


def write_step(url: str, step: int = 0) -> None:
    with tb_attention.AttentionWriter(url) as writer:
        writer.write(step, {"site": np.full((1, 1, 2, 2), 0.5, np.float32)})


@pytest.mark.parametrize(("error", "sentence"), STRANGE, ids=[repr(error)[:40] for error, _ in STRANGE])
def test_every_failure_of_a_place_is_one_error_of_ours(moody: Mood, error: Exception, sentence: str) -> None:
    write_step(URL)
    log, store = tb_attention.load(URL), open_store(URL)
    with store.open("plugins/attention/attention/1/step-000000000000.npz") as file:
        moody.error = error
        questions: list[Callable[[], object]] = [
            lambda: tb_attention.load(URL),
            lambda: log.weights(0, 0, "site"),
            store.entries,
            lambda: store.entry("plugins"),
            lambda: store.open("x"),
            lambda: store.read("x"),
            file.read,
            lambda: store.replace("x", lambda file: file.write(b"1") and None),
            lambda: write_step(URL),
        ]
        for question in questions:
            with pytest.raises(LogError, match=f"moody://bucket .*{sentence}") as caught:
                question()
            shown = "".join(traceback.format_exception(caught.value))
            assert "VERYSECRET" not in shown
            assert len(str(caught.value)) < 300
        with pytest.raises(UnreachableError):
            store.entries()
    moody.error = None
    assert log.weights(0, 0, "site").shape == (1, 2, 2)


def test_what_is_damaged_there_is_not_unreachable(moody: Mood) -> None:
    write_step(URL)
    store = open_store(URL)
    name = "plugins/attention/attention/1/step-000000000000.npz"
    store.replace(name, lambda file: file.write(b"no zip") and None)
    for index in [entry.name for entry in store.entries("plugins/attention/attention/1") if "index" in entry.name]:
        store.remove(f"plugins/attention/attention/1/{index}")
    (damaged,) = tb_attention.load(URL).damaged
    assert "zip" in damaged.reason
    with pytest.raises(DamagedFileError):
        tb_attention.load(URL)._steps._opened.read_manifest(0)  # type: ignore[union-attr]
    with pytest.raises(FileNotFoundError) as absent:
        store.open("nowhere")
    assert absent.value.filename == f"{URL}/nowhere"


def test_a_failure_of_the_writer_itself_is_not_blamed_on_the_place(moody: Mood) -> None:
    def write(file: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_store(URL).replace("x", write)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/logs/run1", "s3://bucket/logs/run1"),
        ("ftp://user:pass@host:21/logs", "ftp://host:21/logs"),
        ("s3://AKIA:abc/def+x@bucket/logs", "s3://bucket/logs"),
        ("sftp://user@host/a@b", "sftp://host/a@b"),
        ("s3://bucket/a@b:c", "s3://bucket/a@b:c"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
        ("https://host/logs?sig=abc%2F&se=1", "https://host/logs?sig=...&se=..."),
        ("simplecache::ftp://user:pass@host/x", "simplecache::ftp://host/x"),
        ("s3://bucket/lr=0.1::bs=2", "s3://bucket/lr=0.1::bs=2"),
        ("/home/me/a?b=c", "/home/me/a?b=c"),
        ("C:\\logs", "C:\\logs"),
    ],
)
def test_a_shown_url_has_no_secrets(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_place_is_a_bucket_or_host() -> None:
    assert place_of("s3://bucket/logs/run1") == place_of("s3://bucket") == "s3://bucket"
    assert place_of("ftp://user:pass@host:21/logs") == "ftp://host:21"
    assert place_of("simplecache::s3://bucket/x") == "simplecache::s3://bucket"


def test_a_writer_says_where_without_the_password(moody: Mood, tmp_path: Path) -> None:
    moody.error = ConnectionError(SECRET)
    with pytest.raises(LogError) as caught:
        write_step(f"moody://me:{SECRET}@bucket/run")
    assert "VERYSECRET" not in "".join(traceback.format_exception(caught.value))
    assert "moody://bucket" in str(caught.value)


def test_a_copy_stops_where_a_place_fails_and_goes_on_when_it_is_back(moody: Mood, tmp_path: Path) -> None:
    target = f"moody://me:{SECRET}@bucket/copy"
    for step in range(2):
        write_step(str(tmp_path), step)
    assert len(tb_attention.sync(tmp_path, target).steps) == 2
    moody.error = EndpointConnectionError(SECRET)
    for _ in range(2):
        with pytest.raises(UnreachableError, match="moody://bucket cannot be reached"):
            tb_attention.sync(tmp_path, target)
        with pytest.raises(UnreachableError, match="moody://bucket cannot be reached"):
            tb_attention.sync(target, tmp_path / "back")
    moody.error = None
    write_step(str(tmp_path), 5)
    assert len(tb_attention.sync(tmp_path, target).steps) == 1
