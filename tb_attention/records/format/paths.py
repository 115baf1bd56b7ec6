"""Names of files and directories of a log; see docs/format.md."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from tb_attention.errors import ArgumentError

Step = int | Literal["init"]
"""A position in training, at least 0; "init" is the model before training."""

ROOT = "plugins/attention"
"""The directory of all logs, in that of the run."""

STATUS = "status.json"
MAX_STEP = 10**12 - 1

_LEASE = re.compile(r"writer-([1-9][0-9]{0,8})\.json")
_TAG = re.compile(r"(?=.{1,113}\Z)[A-Za-z0-9_%-](?:[A-Za-z0-9_.%-]*[A-Za-z0-9_%-])?(?:~[0-9a-f]{12})?")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,8}")
_STEP = re.compile(r"step-([0-9]{12}|init)\.npz")
_SAMPLES = re.compile(r"samples-[0-9a-f]{12}\.npz")
_INDEX = re.compile(r"index-[0-9]{12}\.npz")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_MAX_TAG = 48
_EARLIER_MAX_TAG = 100
# The letters of an encoded byte are always large.
_LOWER = re.compile(r"(?:%[0-9A-F]{2}|[^%A-Z])*")
# On Windows these are devices, whatever follows the first dot.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|\Z)")


def tag_folder(tag: str) -> str:
    """The directory name of a tag: legal on every file system, different for every tag where case is ignored too, and short.

    Raises:
        ArgumentError: The tag is empty or not a string.
    """
    name = _encoded(tag)
    # Windows and macOS ignore case. Windows allows 260 characters in a path, of which other parts take up to 90.
    return name if len(name) <= _MAX_TAG and _LOWER.fullmatch(name) else _cut(name, _MAX_TAG - 13, tag)


def earlier_tag_folder(tag: str) -> str:
    """The directory name that earlier versions gave a tag; mostly the same."""
    name = _encoded(tag)
    return name if len(name) <= _EARLIER_MAX_TAG else _cut(name, _EARLIER_MAX_TAG, tag)


def _encoded(tag: str) -> str:
    if not isinstance(tag, str) or not tag:
        raise ArgumentError(f"`tag` must be a string of at least one character. Received: tag={tag!r}.")
    raw = tag.encode("utf-8", "surrogatepass")
    parts = []
    for index, byte in enumerate(raw):
        inner_dot = byte == 0x2E and 0 < index < len(raw) - 1
        parts.append(chr(byte) if byte in _PLAIN or inner_dot else f"%{byte:02X}")
    name = "".join(parts)
    if _DEVICES.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    # TensorBoard takes files for event files if `tfevents` is anywhere in their path.
    return re.sub("(?i)(tfevent)(s)", lambda found: f"{found[1]}%{ord(found[2]):02X}", name)


def _cut(name: str, most: int, tag: str) -> str:
    """At most so many characters, and a hash of the whole tag."""
    cut = re.sub(r"%[0-9A-F]?\Z", "", name[:most]).rstrip(".")
    return f"{cut}~{hashlib.sha256(tag.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def folder_tag(folder: str) -> str:
    """The tag that a directory's name stands for. Of a tag that was cut it is the beginning; manifests hold the whole tag."""
    plain = folder.split("~", 1)[0]
    raw = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), plain.encode())
    return raw.decode("utf-8", "replace")


def attempt_directory(folder: str, attempt: int) -> str:
    """The directory of an attempt, below the run; `folder` is the directory name of its tag."""
    return f"{ROOT}/{folder}/{attempt}"


def is_tag_folder(name: str) -> bool:
    """Whether a directory's name can be that of a tag."""
    return _TAG.fullmatch(name) is not None


def attempt_number(name: str) -> int | None:
    """The attempt that a directory holds, or None for other directories."""
    return int(name) if _ATTEMPT.fullmatch(name) else None


def step_file(step: Step) -> str:
    """The file name of a step."""
    if step == "init":
        return "step-init.npz"
    check_step(step)
    return f"step-{step:012d}.npz"


def file_step(name: str) -> Step | None:
    """The step that a file holds, or None where its name is not that of a step file."""
    found = _STEP.fullmatch(name)
    if found is None:
        return None
    return "init" if found[1] == "init" else int(found[1])


def check_step(step: object) -> None:
    """Raises ArgumentError unless `step` is "init" or an integer from 0 to 10**12 - 1."""
    if step == "init" and isinstance(step, str):
        return
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= MAX_STEP:
        raise ArgumentError(f'`step` must be an integer from 0 to {MAX_STEP} or "init". Received: step={step!r}.')


def samples_file(content_hash: str) -> str:
    """The file name of samples with this hash (12 hexadecimal digits)."""
    return f"samples-{content_hash}.npz"


def is_samples_file(name: str) -> bool:
    """Whether a file's name is that of a samples file."""
    return _SAMPLES.fullmatch(name) is not None


def index_file(first: Step) -> str:
    """The file name of the index segment that begins with a step; "init" counts as 0."""
    return f"index-{0 if first == 'init' else first:012d}.npz"


def is_index_file(name: str) -> bool:
    """Whether a file's name is that of an index segment."""
    return _INDEX.fullmatch(name) is not None


def lease_file(number: int) -> str:
    """The name of the file that says which process writes an attempt; each later owner has a larger number, from 1."""
    return f"writer-{number}.json"


def lease_number(name: str) -> int | None:
    """The number in the name of such a file, or None for other files."""
    found = _LEASE.fullmatch(name)
    return None if found is None else int(found[1])


def index_start(name: str) -> int:
    """The first step of an index segment, by the name of its file."""
    return int(name[len("index-") : -len(".npz")])


def step_order(step: Step) -> int:
    """A sort key: "init" before every other step."""
    return -1 if step == "init" else step
