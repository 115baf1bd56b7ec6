"""Damages the files of a log at random and reads all of it, for as long as one likes.

    python -m tests.records.fuzz [seconds] [seed]

Three kinds of damage. Bytes that were flipped, cut, removed, overwritten, repeated or spliced in from another file: checksums
tell, so that every answer is the right one or an error of ours. Archives that are whole but lie (other members, other shapes),
and manifests in which one value is replaced: answers cannot be checked, but nothing other than an error of ours may come of them.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tb_attention
from tb_attention.errors import AttentionError
from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.writing.series_writer import SeriesWriter

from . import confusions, logs

Mutation = Callable[[bytearray, random.Random], None]

PARTS: dict[str, set[str]] = {
    "attention/1/step-000000000001.npz": {"weights 1 a", "weights 1 b", "measures 1", "logs 1"},
    "attention/1/index-000000000000.npz": set(),
    "attention/1/samples-*.npz": {"ids", "image"},
    "confusion/1/step-000000000000.npz": {"matrix validation", "matrix training", "order", "examples", "maps", "mean"},
    "confusion/1/samples-*.npz": {"examples"},
}
"""By file what may become an error where that file is damaged."""


def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def remove(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 40)]


def overwrite(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + 8] = rng.choice([b"\xff" * 8, b"\0" * 8, rng.randbytes(8)])


def repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 60)]


def splice(data: bytearray, rng: random.Random) -> None:
    """Two halves that do not belong together."""
    at = rng.randrange(len(data))
    data[at:] = data[rng.randrange(len(data)) :]


MEMORY = 200_000_000
"""Bytes by which damaged files may make this process grow."""

MUTATIONS: list[Mutation] = [flip, cut, remove, overwrite, repeat, splice]


def write_pristine(directory: Path) -> Path:
    """A log with every kind of file."""
    writer = SeriesWriter(directory, "attention", 1, summaries=False)
    name = writer.write_samples(logs.digits())
    for step in range(2):
        sites = (logs.site("a", keys=4, seed=step), logs.site("b", keys=6, seed=step))
        writer.submit(logs.record(step, sites=sites, samples=name, logs={"loss": 0.5}))
    confusion = SeriesWriter(directory, "confusion", 1, summaries=False)
    splits = {"validation": np.eye(9, dtype=int), "training": np.full((9, 9), 7)}
    confusion.submit(confusions.record(0, splits=splits, class_names=None, similarity=lambda: np.arange(9)))
    assert writer.close(10)
    assert confusion.close(10)
    return directory


def everything(directory: Path) -> dict[str, Any]:
    """All that a log holds: for each part the answer, or the error."""
    found: dict[str, Any] = {}

    def ask(name: str, question: Callable[[], Any]) -> None:
        try:
            found[name] = question()
        except AttentionError as error:
            found[name] = error

    log = tb_attention.load(directory)
    found["steps"] = log.steps
    for step in (0, 1):
        for site in ("a", "b"):
            ask(f"weights {step} {site}", lambda step=step, site=site: log.weights(step, 1, site))
        ask(f"measures {step}", lambda step=step: log.measures(step))
        ask(f"logs {step}", lambda step=step: log.logs(step))
    ask("ids", lambda: log.samples.ids)
    ask("image", lambda: log.samples.image(1))
    for split in ("validation", "training"):
        ask(f"matrix {split}", lambda split=split: log.confusion_matrix(0, split=split))
    ask("order", lambda: log.class_order(0))
    ask("examples", lambda: log.examples(0))
    ask("maps", lambda: tb_attention.load(directory, tag="confusion").weights(0, 1, "gate/attention"))
    ask("mean", lambda: log.mean_weights(0, 1, "gate/attention"))
    return found


def equal(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=True) if isinstance(one, np.ndarray) else bool(one == other)


def mutate_bytes(path: Path, data: bytes, rng: random.Random) -> None:
    mutated = bytearray(data)
    rng.choice(MUTATIONS)(mutated, rng)
    path.write_bytes(mutated)


def mutate_members(path: Path, data: bytes, rng: random.Random) -> None:
    """Writes a whole archive whose members are not what they should be."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = [[name, old.read(name)] for name in old.namelist()]
    for _ in range(rng.choice([1, 1, 3])):
        chosen = rng.choice(members)
        deed = rng.randrange(6)
        if deed == 0:
            changed = bytearray(chosen[1])
            rng.choice(MUTATIONS)(changed, rng)
            chosen[1] = bytes(changed)
        elif deed == 1:
            chosen[1] = rng.choice(members)[1]
        elif deed == 2:
            chosen[0] = rng.choice(["../../x.npy", "/x.npy", ".npy", "manifest", "weights/0/0.npy", "a" * 300])
        elif deed == 3:
            members.append([chosen[0], rng.choice(members)[1]])
        elif deed == 4 and len(members) > 1:
            members.remove(chosen)
        else:
            numbers = [index for index, byte in enumerate(chosen[1]) if chr(byte).isdigit()]
            if numbers:
                changed = bytearray(chosen[1])
                at = rng.choice(numbers)
                changed[at : at + 1] = rng.choice([b"-1", b"9" * 20, b"0", b"1e400", b"null", b'"x"', b"[]", b"NaN"])
                chosen[1] = bytes(changed)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        warnings.simplefilter("ignore")  # names that come twice are meant to
        for name, content in members:
            new.writestr(name, content)


ODD: list[Any] = [
    *(None, True, False, -1, 0, 1, 2**31, 2**63, 2**70, 1e300, -1e300, 0.5),
    *("", "x", "Infinity", "-Infinity", "NaN", "1e400", "../../x", "\ud800", "a" * 5000, "\n=1+1"),
    *([], [[]], [None], [1] * 9, {}, {"a": 1}),
]
"""Values that no reader expects."""


def mutate_manifest(path: Path, data: bytes, rng: random.Random) -> None:
    """Writes a whole archive whose manifest has an odd value, or lacks one."""
    with np.load(io.BytesIO(data)) as members:
        arrays = {name: members[name] for name in members.files}
    manifest = json.loads(arrays["manifest"].tobytes())
    for _ in range(rng.choice([1, 1, 1, 3])):
        _replace_one(manifest, rng)
    arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    path.write_bytes(npz_bytes(arrays.items()))


def _replace_one(value: Any, rng: random.Random) -> None:
    """Replaces or removes one value at a random depth, in place."""
    while True:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        if not keys:
            return
        key = rng.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            value = inner
        elif rng.random() < 0.15:
            del value[key]
            return
        else:
            value[key] = rng.choice(ODD)
            return


DAMAGES: list[Callable[[Path, bytes, random.Random], None]] = [mutate_bytes, mutate_members, mutate_manifest]


def most_memory() -> int:
    """Bytes of memory that this process has had at most; 0 where the system does not say it in KiB."""
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(pristine: Path, directory: Path, part: str, cases: range | None, seconds: float, seed: str) -> tuple[int, int]:
    """Damages one file again and again, until cases or seconds are used up; returns how often, and how often it was refused."""
    whole = everything(pristine)
    shutil.copytree(pristine, directory)  # times are kept, so that the index counts
    (path,) = (directory / "plugins" / "attention").glob(part)
    data = path.read_bytes()
    before = most_memory()
    deadline = time.monotonic() + seconds
    done = refused = 0
    while (cases is None or done < len(cases)) and time.monotonic() < deadline:
        rng = random.Random(f"{seed} {part} {done}")
        (damage,) = rng.choices(DAMAGES, [5, 2, 3])
        damage(path, data, rng)
        found = everything(directory)
        errors = {name for name, answer in found.items() if isinstance(answer, AttentionError)}
        case = f"seed {seed!r}, {part}, case {done}"
        if damage is mutate_bytes:
            wrong = [
                name
                for name, answer in found.items()
                if name not in errors and name != "steps" and not equal(answer, whole[name])
            ]
            assert not wrong, (case, wrong)
            assert errors <= PARTS[part], (case, errors)
        done += 1
        refused += bool(errors)
    assert most_memory() - before < MEMORY, f"seed {seed!r}, {part}: memory grew by {most_memory() - before} bytes"
    path.write_bytes(data)
    return done, refused


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = sys.argv[2] if len(sys.argv) > 2 else str(time.time_ns())
    total = 0
    with tempfile.TemporaryDirectory() as temporary:
        pristine = write_pristine(Path(temporary) / "pristine")
        for index, part in enumerate(PARTS):
            done, refused = run(pristine, Path(temporary) / str(index), part, None, seconds / len(PARTS), seed)
            print(f"{done:6} times damaged, {refused:6} times refused: {part}", flush=True)
            total += done
    print(f"{total} in all, seed {seed}: the right answer or an error of ours every time")


if __name__ == "__main__":
    main()
