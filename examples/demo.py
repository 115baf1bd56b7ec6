"""The demo of `make demo`: starts TensorBoard and trains models on real data while it shows them.

python examples/demo.py [--logdir logs] [--port 6006] [--no-serve] [--retrain]
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


class Run(NamedTuple):
    """One run of the demo.

    Attributes:
        name: Name of the run.
        example: The module that trains it.
        epochs: Epochs of each series.
        tags: The series that the example logs one after the other.
        options: More arguments of the example's `main`.
    """

    name: str
    example: str
    epochs: int
    tags: tuple[str, ...] = ("attention",)
    options: Mapping[str, Any] = {}


RUNS = (
    # A twenty-fifth of the article's steps, at ten times its learning rate.
    Run("article", "article", 10, ("attention", "gated"), {"images": 20_000, "learning_rate": 1e-3}),
    Run("vit", "vit_digits", 20),
    Run("text", "mails", 8),
)

# The first run has one map per step: the bars, and the photograph under the feature map of one of them.
FIRST_VIEW = "#attention&p.attention.view=head"

ADDRESS = re.compile(r"https?://\S+")


def main() -> int:
    arguments = parse_arguments()
    logdir = Path(arguments.logdir)
    logdir.mkdir(parents=True, exist_ok=True)
    with tensorboard(logdir, arguments.port) if arguments.serve else no_server() as address:
        if address:
            print(f"\n  TensorBoard is at {address}{FIRST_VIEW}\n", flush=True)
            open_in_browser(f"{address}{FIRST_VIEW}")
        for run in RUNS:
            train(run, logdir / run.name, retrain=arguments.retrain)
        if address:
            print(f"\n  All runs are in {logdir}. TensorBoard runs at {address}{FIRST_VIEW} until Ctrl-C.", flush=True)
            wait_for_interrupt()
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs", help="directory of the runs (default: logs)")
    parser.add_argument("--port", type=int, help="port of TensorBoard (default: the first free one from 6006 on)")
    parser.add_argument("--no-serve", dest="serve", action="store_false", help="train and end, without TensorBoard")
    parser.add_argument("--retrain", action="store_true", help="train again, even if the runs exist")
    return parser.parse_args()


def train(run: Run, logdir: Path, *, retrain: bool) -> None:
    if not retrain and is_complete(run, logdir):
        print(
            f"  {run.name}: {run.epochs} epochs are in {logdir} already; `make demo RETRAIN=1` trains them again.",
            flush=True,
        )
        return
    progress = make_progress(run)
    example = importlib.import_module(run.example)
    example.main(str(logdir), epochs=run.epochs, verbose=0, callbacks=[progress], **run.options)


def is_complete(run: Run, logdir: Path) -> bool:
    import tb_attention

    logged = tb_attention.load(str(logdir)).tags
    return all(
        tag in logged and tb_attention.load(str(logdir), tag=tag).steps[-1:] == [run.epochs - 1] for tag in run.tags
    )


def make_progress(run: Run):  # type: ignore[no-untyped-def]
    """A Keras callback that draws one bar for a whole run; that of Keras draws one per epoch."""
    import keras

    total = run.epochs * len(run.tags)

    class Progress(keras.callbacks.Callback):  # type: ignore[misc]
        width = 30

        def __init__(self) -> None:
            super().__init__()
            self.start = time.monotonic()
            self.done = 0
            self.last = ""

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            if sys.stdout.isatty():
                self.draw(self.done + (batch + 1) / (self.params.get("steps") or batch + 1))

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.done += 1
            accuracy = (logs or {}).get("val_accuracy")
            self.last = "" if accuracy is None else f"val_accuracy {accuracy:.3f}"
            self.draw(self.done)

        def draw(self, done: float) -> None:
            bar = "#" * round(self.width * min(done / total, 1))
            line = f"  {run.name:8} [{bar:.<{self.width}}] epoch {self.done}/{total}"
            line = f"{line}  {time.monotonic() - self.start:4.0f} s  {self.last}"
            on_screen = sys.stdout.isatty()
            print(
                f"\r{line}" if on_screen else line,
                end="" if on_screen and self.done < total else "\n",
                flush=True,
            )

    return Progress()


@contextmanager
def no_server() -> Iterator[str | None]:
    yield None


@contextmanager
def tensorboard(logdir: Path, port: int | None) -> Iterator[str | None]:
    """Runs TensorBoard on `logdir` and yields its address; stops it in the end."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--reload_interval", "5"]
    if port is not None:
        command += ["--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    ready = threading.Event()
    address: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            found = ADDRESS.search(line)
            if found and line.startswith("TensorBoard"):
                address.append(found.group())
                ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        ready.wait(timeout=120)
        if not address:
            sys.exit("TensorBoard did not start:\n" + "".join(lines[-20:]))
        yield address[0]
    finally:
        process.terminate()
        process.wait(timeout=20)


def open_in_browser(address: str) -> None:
    """Opens the page if there is a screen; otherwise the printed address must do."""
    if sys.stdout.isatty() and (sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY")):
        webbrowser.open(address)


def wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    # SIGTERM stops TensorBoard too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
