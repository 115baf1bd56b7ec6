"""Which part of a log goes into a stand-alone page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tb_attention.errors import ArgumentError, NotInLogError
from tb_attention.records.format.paths import Step, check_step
from tb_attention.records.reading.opened_attempt import first_names

Heads: TypeAlias = Sequence[int] | Mapping[str, Sequence[int]]

_SHOWN = 20


@dataclass(frozen=True)
class Choice:
    """What goes into a page; None stands for everything.

    Attributes:
        steps: Steps, or "init".
        samples: Indices from 0, or ids.
        sites: Paths of sites.
        heads: Heads from 0: of every site, or by the path of a site (other sites keep all their heads).
        redact: Whether to leave out texts, tokens, pictures and what is computed from pictures.
    """

    steps: tuple[Step, ...] | None = None
    samples: tuple[int | str, ...] | None = None
    sites: tuple[str, ...] | None = None
    heads: Heads | None = None
    redact: bool = False

    def has_step(self, step: Step) -> bool:
        """Whether a step goes in."""
        return self.steps is None or step in self.steps

    def has_site(self, path: str) -> bool:
        """Whether a site goes in."""
        return self.sites is None or path in self.sites

    def sample_indices(self, ids: Sequence[str]) -> list[int]:
        """The indices of the samples that go in, in order; `ids` are the ids of all samples of a step."""
        if self.samples is None:
            return list(range(len(ids)))
        wanted = set(self.samples)
        return [index for index, name in enumerate(ids) if index in wanted or name in wanted]

    def hidden_heads(self, path: str, count: int) -> list[int]:
        """The heads of a site that are left out; they keep their numbers and have no weights."""
        if self.heads is None:
            return []
        kept = self.heads.get(path) if isinstance(self.heads, Mapping) else self.heads
        return [] if kept is None else [head for head in range(count) if head not in kept]


def choose(
    steps: Iterable[Step] | Step | None,
    samples: Iterable[int | str] | int | str | None,
    sites: Iterable[str] | str | None,
    heads: Heads | int | None,
    redact: bool,
) -> Choice:
    """Checks what a user chose; a single value stands for a list of one.

    Raises:
        ArgumentError: A value has the wrong type, or a choice is empty.
    """
    named = None if sites is None else _list("sites", sites, str)
    if named is not None and not all(isinstance(site, str) for site in named):
        raise ArgumentError(f"`sites` must be paths of sites. Received: sites={sites!r}.")
    wanted_steps = None if steps is None else _list("steps", steps, int, str)
    for step in wanted_steps or ():
        check_step(step)
    wanted_samples = None if samples is None else _list("samples", samples, int, str)
    for sample in wanted_samples or ():
        if isinstance(sample, bool) or not isinstance(sample, int | str):
            raise ArgumentError(f"`samples` must be indices from 0 or ids. Received: samples={samples!r}.")
    return Choice(wanted_steps, wanted_samples, named, _heads(heads), bool(redact))


def check_found(name: str, wanted: Sequence[Any] | None, there: Sequence[Any]) -> None:
    """Raises NotInLogError for the first wanted value that does not exist; the message lists the values that do."""
    for value in wanted or ():
        if value not in there:
            raise NotInLogError(
                f"The log has no such {name.removesuffix('s')}. Received: {name}={value!r}. "
                f"There are: {first_names(there, _SHOWN)}."
            )


def _list(name: str, given: Any, *single: type) -> tuple[Any, ...]:
    values = (given,) if isinstance(given, single) else given
    try:
        found = tuple(value.item() if hasattr(value, "item") else value for value in values)
    except TypeError as error:
        raise ArgumentError(f"`{name}` must be a list, or None for all. Received: {name}={given!r}.") from error
    if not found:
        raise ArgumentError(f"`{name}` must not be empty; None stands for all. Received: {name}={given!r}.")
    return found


def _heads(heads: Heads | int | None) -> Heads | None:
    if heads is None:
        return None
    if isinstance(heads, Mapping):
        return {path: _numbers(each) for path, each in heads.items()}
    return _numbers(heads)


def _numbers(heads: Any) -> tuple[int, ...]:
    found = _list("heads", heads, int)
    if any(isinstance(head, bool) or not isinstance(head, int) or head < 0 for head in found):
        raise ArgumentError(
            f"`heads` must be numbers from 0, or lists of them by path of a site. Received: heads={heads!r}."
        )
    return found
