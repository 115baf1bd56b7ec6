"""A real S3 server in its own process, and a forwarder in front of it that counts requests and can fail."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.forwarder import Forwarder

BUCKET = "bucket"


@contextmanager
def s3_server() -> Iterator[Forwarder]:
    """moto's server with an empty bucket, behind a forwarder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                make = urllib.request.Request(f"{address}/{BUCKET}", method="PUT")
                urllib.request.urlopen(make, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with Forwarder(address) as forwarder:
            yield forwarder
    finally:
        process.terminate()
        process.wait(timeout=20)


def s3_environment(forwarder: Forwarder) -> dict[str, str]:
    """The environment in which programs find the server."""
    return {
        "AWS_ENDPOINT_URL": forwarder.address,
        "AWS_ENDPOINT_URL_S3": forwarder.address,
        "S3_ENDPOINT": forwarder.address,  # of TensorBoard
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
