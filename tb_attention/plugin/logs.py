"""From the parameters of a request to the run, the series and the attempt that it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tensorboard import context as request_context
from tensorboard import plugin_util
from werkzeug.wrappers import Request

from tb_attention.errors import AttentionError, NotInLogError
from tb_attention.plugin import parameters
from tb_attention.plugin.event_files import EventFiles
from tb_attention.plugin.run_directories import RunDirectories
from tb_attention.plugin.run_folder import Listing, RunFolder
from tb_attention.records.format import paths
from tb_attention.records.store.store import Entry


@dataclass(frozen=True)
class Attempt:
    """One attempt of a series: its directory and what is listed there.

    Attributes:
        folder: The run.
        path: `plugins/attention/<tag>/<attempt>`.
        number: From 1.
        listing: The files of the directory.
    """

    folder: RunFolder
    path: str
    number: int
    listing: Listing

    @property
    def steps(self) -> Mapping[paths.Step, Entry]:
        """The step files by step, in order, `init` first."""
        return self.listing.steps

    @property
    def version(self) -> str:
        """Changes whenever a step is added, replaced or moved aside."""
        return f"{self.listing.newest_ns}-{len(self.steps)}-{self.number}"

    def step(self, step: paths.Step) -> Entry:
        """The file of a step.

        Raises:
            NotInLogError: There is none.
        """
        if step not in self.steps:
            raise NotInLogError(f"There is no such step. Received: step={step}. Steps: {_some(self.steps)}.")
        return self.steps[step]

    def samples(self, name: str) -> Entry:
        """The samples file with this name (without ".npz").

        Raises:
            NotInLogError: There is none.
        """
        file = f"{name}.npz"
        if not paths.is_samples_file(file) or file not in self.listing:
            raise NotInLogError(f"There are no such samples. Received: set={name}.")
        return self.listing[file]

    def file(self, name: str) -> str:
        """The path of a file of this attempt, below the run."""
        return f"{self.path}/{name}"


class Logs:
    """Finds what requests ask for; only runs that TensorBoard lists.

    Args:
        runs: Maps runs to directories.
        events: What there is of runs without our folder.
    """

    def __init__(self, runs: RunDirectories, events: EventFiles) -> None:
        self._runs = runs
        self._events = events

    @property
    def logdir(self) -> str:
        """The log directory as it was typed."""
        return self._runs.logdir

    def folders(self, request: Request) -> Mapping[str, RunFolder]:
        """Every listed run, with ours or without."""
        context, experiment = plugin_util.context(request.environ), plugin_util.experiment_id(request.environ)
        known = self._runs.all(context, experiment)
        return {run: self._folder(context, experiment, run, directory) for run, directory in known.items()}

    def any_series(self) -> bool:
        """Whether some listed run has our folder. A run that cannot be read has not, as far as the tab goes."""
        known = self._runs.all(request_context.RequestContext(), "")
        if any(map(_has_folder, known.values())):
            return True
        return any(run in known for run in self._events.runs(request_context.RequestContext(), ""))

    def attempt(self, request: Request) -> Attempt:
        """The attempt that `run`, `tag` and `attempt` mean; the newest where that is left out.

        Raises:
            NotInLogError: It is not there; the message lists what is.
        """
        run, tag = parameters.text(request, "run"), parameters.text(request, "tag")
        wanted = parameters.attempt(request)
        context, experiment = plugin_util.context(request.environ), plugin_util.experiment_id(request.environ)
        folder = self._folder(context, experiment, run, self._runs.of(context, experiment, run))
        tags = tag_folders(folder)
        name = paths.tag_folder(tag)
        if name not in tags:
            listed = _some(map(paths.folder_tag, tags))
            raise NotInLogError(f"The run has no such series. Received: tag={tag[:200]!r}. Tags: {listed}.")
        numbers = attempt_numbers(folder, name)
        if not numbers or (wanted is not None and wanted not in numbers):
            raise NotInLogError(f"There is no such attempt. Received: attempt={wanted}. Attempts: {_some(numbers)}.")
        return open_attempt(folder, name, numbers[-1] if wanted is None else wanted)

    def _folder(self, context: Any, experiment: str, run: str, directory: str) -> RunFolder:
        if _has_folder(directory):
            return RunFolder(directory)
        return self._events.folder(context, experiment, run) or RunFolder(directory)


def tag_folders(folder: RunFolder) -> list[str]:
    """Names of the directories of a run's series."""
    entries = folder.entries(paths.ROOT).values()
    return [entry.name for entry in entries if entry.is_directory and paths.is_tag_folder(entry.name)]


def attempt_numbers(folder: RunFolder, tag: str) -> list[int]:
    """The attempts of a series, by the name of its directory, oldest first.

    Those behind the newest with a step are left out: what has only begun must not hide the training before it.
    """
    entries = folder.entries(f"{paths.ROOT}/{tag}").values()
    numbers = sorted(_numbers(entry.name for entry in entries if entry.is_directory))
    for place in range(len(numbers), 0, -1):
        if open_attempt(folder, tag, numbers[place - 1]).steps:
            return numbers[:place]
    return numbers


def open_attempt(folder: RunFolder, tag: str, number: int) -> Attempt:
    """Lists an attempt, by the name of its series' directory."""
    path = f"{paths.ROOT}/{tag}/{number}"
    return Attempt(folder, path, number, folder.entries(path))


def _has_folder(directory: str) -> bool:
    try:
        return bool(RunFolder(directory).entries(paths.ROOT))
    except (AttentionError, OSError):
        return False


def _numbers(names: Iterator[str]) -> Iterator[int]:
    for name in names:
        number = paths.attempt_number(name)
        if number is not None:
            yield number


def _some(values: object) -> str:
    """The first ten of some names, for people."""
    listed = [str(value) for value in values]  # type: ignore[attr-defined]
    return ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "") or "none"
