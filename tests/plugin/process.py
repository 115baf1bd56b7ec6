"""A real `tensorboard` process on a free port, and what it printed."""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

_READY = re.compile(r"http://localhost:(\d+)/")


class TensorBoard:
    """Talks to a running process.

    Args:
        process: The process.
        log: The file that it prints to.
    """

    def __init__(self, process, log):
        self._process = process
        self._log = log
        self._origin = None

    def wait_until_ready(self, seconds=60):
        """Waits until it has said where it listens."""
        end = time.monotonic() + seconds
        while not (ready := _READY.search(self.printed())):
            assert self._process.poll() is None, self.printed()
            assert time.monotonic() < end, self.printed()
            time.sleep(0.1)
        self._origin = f"http://localhost:{ready.group(1)}"

    def get(self, path, method="GET", **query):
        """The body of an answer below `data/`."""
        url = f"{self._origin}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as response:
            return response.read()

    def status(self, path, method="GET", **query):
        """The status code of an answer that must fail."""
        try:
            self.get(path, method, **query)
        except urllib.error.HTTPError as refused:
            return refused.code
        raise AssertionError(f"{path} was answered.")

    def json(self, route, **query):
        """The answer of one of the plugin's routes."""
        return json.loads(self.get(f"plugin/attention/{route}", **query))

    def until(self, condition, seconds=15):
        """Asks until `condition()` is true; its last value."""
        end = time.monotonic() + seconds
        while not (value := condition()) and time.monotonic() < end:
            time.sleep(0.1)
        return value

    def printed(self):
        """What the process has printed so far."""
        return self._log.read_text()


@contextlib.contextmanager
def running(logdir, directory, *options):
    """Starts `tensorboard --logdir` with our entry point, reloading every second; does not wait for it."""
    log = directory / "printed.txt"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0"]
    command += ["--reload_interval", "1", *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield TensorBoard(process, log)
    finally:
        process.terminate()
        process.wait(timeout=20)
