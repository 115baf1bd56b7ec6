"""The demo behind `make demo`: TensorBoard starts at once, and models train on real data while it shows them.

python examples/demo.py [--logdir logs] [--port 6006] [--no-serve] [--retrain]
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# Each run: the example that trains it, and the number of epochs. They run in this order.
RUNS = {"vit": ("vit_digits", 20)}

ADDRESS = re.compile(r"https?://\S+")


def main() -> int:
    arguments = parse_arguments()
    logdir = Path(arguments.logdir)
    logdir.mkdir(parents=True, exist_ok=True)
    with tensorboard(logdir, arguments.port) if arguments.serve else no_server() as address:
        if address:
            print(f"\n  TensorBoard is at {address}#attention\n", flush=True)
            open_in_browser(f"{address}#attention")
        for run, (example, epochs) in RUNS.items():
            train(run, example, epochs, logdir / run, retrain=arguments.retrain)
        if address:
            print(f"\n  All runs are in {logdir}. TensorBoard goes on at {address}#attention until Ctrl-C.", flush=True)
            wait_for_interrupt()
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs", help="directory of the runs (default: logs)")
    parser.add_argument("--port", type=int, help="port of TensorBoard (default: the first free one from 6006 on)")
    parser.add_argument("--no-serve", dest="serve", action="store_false", help="train and end, without TensorBoard")
    parser.add_argument("--retrain", action="store_true", help="train runs again that are there already")
    return parser.parse_args()


def train(run: str, example: str, epochs: int, logdir: Path, *, retrain: bool) -> None:
    import tb_attention

    if not retrain and tb_attention.load(str(logdir)).steps[-1:] == [epochs - 1]:
        print(f"  {run}: {epochs} epochs are in {logdir} already; `make demo RETRAIN=1` trains them again.", flush=True)
        return
    progress = make_progress(run, epochs)
    importlib.import_module(example).main(str(logdir), epochs=epochs, verbose=0, callbacks=[progress])


def make_progress(run: str, epochs: int):  # type: ignore[no-untyped-def]
    """A Keras callback that draws one bar for a whole run; Keras's own draws one an epoch."""
    import keras

    class Progress(keras.callbacks.Callback):  # type: ignore[misc]
        width = 30

        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.start, self.epoch, self.last = time.monotonic(), 0, ""
            self.draw(0.0)

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            if sys.stdout.isatty():
                self.draw(self.epoch + (batch + 1) / (self.params.get("steps") or batch + 1))

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.epoch = epoch + 1
            self.last = "  ".join(
                f"{name} {(logs or {})[name]:.3f}" for name in ("val_accuracy",) if name in (logs or {})
            )
            self.draw(self.epoch)

        def draw(self, done: float) -> None:
            filled = round(self.width * min(done / epochs, 1))
            bar = "#" * filled + "." * (self.width - filled)
            seconds = time.monotonic() - self.start
            end = "\n" if self.epoch >= epochs or not sys.stdout.isatty() else ""
            head = "\r" if sys.stdout.isatty() else ""
            print(
                f"{head}  {run:8} [{bar}] epoch {self.epoch}/{epochs}  {seconds:4.0f} s  {self.last}",
                end=end,
                flush=True,
            )

    return Progress()


@contextmanager
def no_server() -> Iterator[str | None]:
    yield None


@contextmanager
def tensorboard(logdir: Path, port: int | None) -> Iterator[str | None]:
    """Runs TensorBoard on `logdir` and yields its address; ends it at the end."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--reload_interval", "5"]
    if port is not None:
        command += ["--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    ready = threading.Event()
    address: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            found = ADDRESS.search(line)
            if found and line.startswith("TensorBoard"):
                address.append(found.group())
                ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        ready.wait(timeout=120)
        if not address:
            sys.exit("TensorBoard did not start:\n" + "".join(said[-20:]))
        yield address[0]
    finally:
        process.terminate()
        process.wait(timeout=20)


def open_in_browser(address: str) -> None:
    """Opens the page where there is a screen; elsewhere the printed address has to do."""
    if sys.stdout.isatty() and (sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY")):
        webbrowser.open(address)


def wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
