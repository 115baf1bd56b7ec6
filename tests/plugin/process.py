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
    """Talks to a running process."""

    def __init__(self, port, log):
        self._origin = f"http://localhost:{port}"
        self._log = log

    def get(self, path, **query):
        """The body of an answer."""
        url = f"{self._origin}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.read()

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
def running(logdir, tmp_path, *options):
    """Starts `tensorboard --logdir` with our entry point, reloading every second."""
    log = tmp_path / "printed.txt"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0"]
    command += ["--reload_interval", "1", *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 60
        while not (ready := _READY.search(log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield TensorBoard(ready.group(1), log)
    finally:
        process.terminate()
        process.wait(timeout=20)
