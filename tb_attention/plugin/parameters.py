"""Parses the parameters of a request, so that routes get valid values.

Every function raises `ArgumentError` with what is allowed and what was received.
"""

from __future__ import annotations

import re

from werkzeug.wrappers import Request

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step

# Steps have 12 digits in file names. ASCII, because `int` also takes the digits of other scripts.
_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)
_SET = re.compile(r"samples-[0-9a-f]{4,64}", re.ASCII)
_LONGEST = 1024
# A thousand indices without a range have some 4,000 characters.
_LONGEST_INDICES = 8192
_MOST_INDICES = 100_000
_MOST_CELLS = 1000
_MOST_STEPS = 64


def text(request: Request, name: str, *, longest: int = _LONGEST) -> str:
    """A required parameter of at most 1,024 characters (or `longest`), without control characters."""
    value: str | None = request.args.get(name)
    if value is None:
        raise ArgumentError(f"The parameter `{name}` is missing.")
    if not value or len(value) > longest or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ArgumentError(
            f"`{name}` must have 1 to {longest} characters, none of them a control character. "
            f"Received: {name}={value[:80]!r}."
        )
    return value


def number(request: Request, name: str, *, least: int = 0) -> int:
    """An integer from `least` (by default 0) with at most 12 digits."""
    value: str | None = request.args.get(name)
    if value is None:
        raise ArgumentError(f"The parameter `{name}` is missing.")
    if not _NUMBER.fullmatch(value) or int(value) < least:
        raise ArgumentError(
            f"`{name}` must be an integer from {least} with at most 12 digits. Received: {name}={value[:80]!r}."
        )
    return int(value)


def indices(request: Request, name: str) -> list[int]:
    """Indices from 0 as numbers and inclusive ranges, such as "3" or "0-4,7"; at most 100,000 of them."""
    value = text(request, name, longest=_LONGEST_INDICES)
    found: list[int] = []
    for part in value.split(","):
        ends = part.split("-")
        if len(ends) > 2 or not all(_NUMBER.fullmatch(end) for end in ends):
            raise ArgumentError(
                f'`{name}` must be indices from 0 and inclusive ranges, such as "0-4,7". Received: {name}={value[:80]!r}.'
            )
        first, last = int(ends[0]), int(ends[-1])
        if last < first or last - first + len(found) >= _MOST_INDICES:
            raise ArgumentError(
                f"`{name}` must be at most {_MOST_INDICES} indices, in ascending ranges. Received: {name}={value[:80]!r}."
            )
        found.extend(range(first, last + 1))
    return found


def samples(request: Request) -> tuple[int, ...]:
    """The different indices of `samples`, in order."""
    return tuple(sorted(set(indices(request, "samples"))))


def cells(request: Request, name: str) -> list[tuple[int, int]]:
    """Cells of a matrix as truth.prediction, such as "6.0,0.6"; at most 1,000 of them."""
    value = text(request, name)
    parts = [tuple(part.split(".")) for part in value.split(",")]
    if len(parts) > _MOST_CELLS or any(
        len(part) != 2 or not all(_NUMBER.fullmatch(number) for number in part) for part in parts
    ):
        raise ArgumentError(
            f'`{name}` must be at most {_MOST_CELLS} cells as truth.prediction, such as "6.0,0.6". '
            f"Received: {name}={value[:80]!r}."
        )
    return [(int(truth), int(predicted)) for truth, predicted in parts]


def flag(request: Request, name: str) -> bool:
    """Whether a parameter is there and not 0."""
    return name in request.args and number(request, name) > 0


def verdict(request: Request) -> bool | None:
    """True for `verdict=right`, False for `verdict=wrong`, None if it is left out."""
    value = request.args.get("verdict")
    if value not in (None, "right", "wrong"):
        raise ArgumentError(f'`verdict` must be "right" or "wrong". Received: verdict={value[:80]!r}.')
    return None if value is None else value == "right"


def attempt(request: Request) -> int | None:
    """The attempt, from 1, or None (the newest) if it is left out."""
    return number(request, "attempt", least=1) if "attempt" in request.args else None


def step(request: Request) -> Step:
    """The step: an integer from 0, or "init" for the model before training."""
    if request.args.get("step") == "init":
        return "init"
    try:
        return number(request, "step")
    except ArgumentError as wrong:
        raise ArgumentError(str(wrong).replace("must be an integer", 'must be "init" or an integer')) from None


def steps(request: Request) -> list[Step]:
    """Different steps separated by commas, such as "init,0,5"; from 1 to 64 of them."""
    value = text(request, "steps")
    found = list(listed_steps(request))
    if len(found) > _MOST_STEPS or len(set(found)) < len(found):
        raise ArgumentError(f"`steps` must be at most {_MOST_STEPS} different steps. Received: steps={value[:80]!r}.")
    return found


def listed_steps(request: Request) -> tuple[Step, ...]:
    """Any number of steps separated by commas, such as "init,0,5"."""
    value: str = request.args["steps"]
    parts = value.split(",")
    if not all(part == "init" or _NUMBER.fullmatch(part) for part in parts):
        raise ArgumentError(
            f'`steps` must be steps separated by commas, such as "init,0,5". Received: steps={value[:80]!r}.'
        )
    return tuple("init" if part == "init" else int(part) for part in parts)


def samples_set(request: Request) -> str:
    """The name of a samples file without its ending, as in `samples` of a step."""
    value = text(request, "set")
    if not _SET.fullmatch(value):
        raise ArgumentError(
            f'`set` must be a name from a step of `series`, such as "samples-0f3a5c9e1b2d". '
            f"Received: set={value[:80]!r}."
        )
    return value
