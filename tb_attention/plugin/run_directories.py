"""The runs that TensorBoard lists or that have our folder, and the directory of each."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from tensorboard.plugins import base_plugin

from tb_attention.errors import NotInLogError
from tb_attention.plugin.found_runs import FoundRuns
from tb_attention.records.store.store import is_url

# The data server answers short questions in 0.1 ms but a reply of some KB in 44 ms, and a page asks for many maps at
# once; a new run may well appear this much later.
_SECONDS = 2.0


class RunDirectories:
    """Maps runs to directories. No other runs are opened than those that TensorBoard's data provider lists and those below
    its log directories that have our folder: TensorBoard does not list a run whose event file is empty or missing.

    Args:
        context: TensorBoard's, with `logdir` (as typed: `~` is not expanded), `flags`, `data_provider` and, where TensorBoard
            reads the events in Python (always so with `--logdir_spec`), `multiplexer`.
    """

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._multiplexer = context.multiplexer
        self._logdir = context.logdir or ""
        spec = getattr(getattr(context, "flags", None), "logdir_spec", None) or ""
        self._found = FoundRuns({self._logdir: None} if self._logdir else _directories(spec))
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, dict[str, str]]] = {}

    @property
    def logdir(self) -> str:
        """The log directory as it was typed, or "" with `--logdir_spec`."""
        return str(self._logdir)

    def all(self, provider_context: Any, experiment: str) -> Mapping[str, str]:
        """Directory (a path or a URL) by run, those that TensorBoard lists first, in its order; up to 2 seconds old."""
        with self._lock:
            asked, known = self._known.get(experiment, (-_SECONDS, {}))
            if time.monotonic() - asked >= _SECONDS:
                known = self._ask(provider_context, experiment)
                # TensorBoard serves one experiment; one entry bounds the memory whatever is asked for.
                self._known = {experiment: (time.monotonic(), known)}
            return known

    def of(self, provider_context: Any, experiment: str, run: str) -> str:
        """The directory of one run.

        Raises:
            NotInLogError: The run is not listed.
        """
        known = self.all(provider_context, experiment)
        if run not in known:
            listed = ", ".join(repr(name) for name in list(known)[:10]) or "none"
            raise NotInLogError(f"There is no such run. Received: run={run[:200]!r}. Listed: {listed}.")
        return known[run]

    def _ask(self, provider_context: Any, experiment: str) -> dict[str, str]:
        if self._provider is None:
            return {}
        runs = [run.run_name for run in self._provider.list_runs(provider_context, experiment_id=experiment)]
        if self._logdir:
            listed = {run: join(self._logdir, run) for run in runs}
        else:
            paths = self._multiplexer.RunPaths() if self._multiplexer is not None else {}
            listed = {run: paths[run] for run in runs if run in paths}
        return listed | {run: directory for run, directory in sorted(self._found.all().items()) if run not in listed}


def _directories(spec: str) -> dict[str, str | None]:
    """The directories of `--logdir_spec`, each with its name or None, as TensorBoard reads "name:/path,/another/path"."""
    found: dict[str, str | None] = {}
    for part in filter(None, spec.split(",")):
        named = not is_url(part) and ":" in part and part[0] != "/" and not os.path.splitdrive(part)[0]
        name, _, path = part.partition(":") if named else (None, "", part)
        found[path if is_url(path) else os.path.realpath(os.path.expanduser(path))] = name
    return found


def join(logdir: str, run: str) -> str:
    """The directory of a run; run "." is the log directory itself (a trailing "/." breaks object stores)."""
    if is_url(logdir):
        root = logdir.rstrip("/")
        return root if run == "." else f"{root}/{run}"
    root = os.path.expanduser(logdir)
    return root if run == "." else os.path.join(root, run)
