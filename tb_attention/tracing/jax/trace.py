"""Turns one call of a Keras model or a function of JAX into a graph."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax

from tb_attention.tracing.backend import Trace
from tb_attention.tracing.jax.program import Key, Program
from tb_attention.tracing.jax.replay import Programs, Replay, Traceable
from tb_attention.tracing.jax.translation import to_graph
from tb_attention.tracing.limits import LEAST_SAMPLES
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.rules.loop_weights import loops_taking_weights
from tb_attention.tracing.trace_attempts import bound_size, built_size, untraceable

_OF_LIBRARIES = re.compile(r"[/\\](site-packages|tb_attention)[/\\]|[/\\]lib[/\\]python|^<")
"""Files whose lines are not those of the user's model."""


def trace(model: Any, call: Call, traceable: Callable[[Any, Call], Traceable]) -> Trace:
    """Traces the model at inference, for any number of samples where the model allows that.

    Args:
        model: The model.
        call: A call of the kind that is traced.
        traceable: Makes what is traced of them.

    Raises:
        CaptureError: JAX cannot trace the model.
    """
    failures: list[Exception] = []
    bound = bound_size(model)
    function: Traceable | None = None
    for samples in dict.fromkeys(
        [bound] if bound else [max(call.samples, LEAST_SAMPLES), call.samples, built_size(model) or 1]
    ):
        try:
            function = function or traceable(model, call)
            return _trace(function, call, samples)
        except Exception as error:
            failures.append(error)
    failed = () if function is None else function.failed
    why = _without_numbers(failures[0])
    raise untraceable(model, failed, failures[0], "could not be traced by JAX", why) from failures[0]


def _without_numbers(error: Exception) -> str | None:
    """A sentence for an error of JAX that says that Python wanted numbers; None for another error."""
    # Keras raises another one from it.
    found: BaseException | None = error
    while not isinstance(found, jax.errors.JAXTypeError | jax.errors.JAXIndexError):
        if found is None:
            return None
        found = found.__cause__ or found.__context__
    frames = [frame for frame in traceback.extract_tb(found.__traceback__) if not _OF_LIBRARIES.search(frame.filename)]
    at = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}: `{frames[-1].line}`)" if frames else ""
    return (
        f"Its Python code needs numbers{at}, and JAX traces models without: use `jax.numpy.where` or `jax.lax.cond`, or write "
        f"the weights with `tb_attention.AttentionWriter`. JAX says: {type(found).__name__}."
    )


def _trace(function: Traceable, call: Call, samples: int) -> Trace:
    decisions: dict[Key, int] = {}
    while True:
        programs = Programs(function, decisions)
        program = programs.of(_tensors(call, samples))
        more: Program | None = None
        with contextlib.suppress(Exception):
            more = programs.of(_tensors(call, samples + 1))
        if more is not None and not more.is_like(program):
            more = None
        graph, maker = to_graph(program, more, samples)
        undecided = program.open
        if not undecided:
            nodes = {maker.node_of(program.steps[loop.step]): loop for loop in program.closed if loop.step is not None}
            undecided = [nodes[node] for node in loops_taking_weights(graph, list(nodes))]
        if not undecided:
            break
        # What any number of samples decides.
        wanted = [loop.value for loop in undecided]
        found = Replay(programs, program, maker, wanted)(_tensors(call, samples))
        decisions.update((loop.key, int(value)) for loop, value in zip(undecided, found, strict=True))
    is_free = more is not None and (call.samples == samples or _is_same(programs, program, call))
    return Trace(
        graph,
        None if is_free else samples,
        function.pack_outputs,
        partial(Replay, programs, program, maker),
        function.layers,
    )


def _is_same(programs: Programs, program: Program, call: Call) -> bool:
    """Whether a call of one sample runs the program for two."""
    try:
        return programs.of(_tensors(call, call.samples)).is_like(program)
    except Exception:
        return False


def _tensors(call: Call, samples: int) -> tuple[Any, ...]:
    """The tensors of a call for so many samples."""
    return next(call.chunks(samples))[0]
