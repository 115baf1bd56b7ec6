"""Finds the attention of models by others, at tiny sizes, and prints found / missed / invented sites by family.

The number of sites is computed from the configuration of a model. Values are compared with the softmaxes that the model computes
when it runs eagerly. Models of packages that are not installed are left out. Each model runs in its own process, forked
before any model is built, so that its memory is free again for the next.

Example:
    python benchmarks/capture_collection.py -v Bert Gemma   # only families whose names hold one of these, with the offenders
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from collection.cases import Case, make_inputs

from tb_attention.tracing.capturer import Capturer

TOLERANCE = 1e-5
_WATCHED = (
    (tf.nn, "softmax", False),
    (tf, "exp", False),
    (tf, "matmul", True),
    (tf, "einsum", True),
    (tf, "tensordot", True),
)
"""Functions to collect from while a model runs eagerly, and whether to collect their arguments (weights that meet values)."""
_COUNTS = ("expected", "found", "missed", "invented", "wrong", "failed", "kinds", "unbuilt")
ROOMS = (
    "written_vision",
    "written_sequences",
    "written_structures",
    "applications",
    "hub_text",
    "hub_vision",
    "hub_tasks",
    "kimm_models",
    "kecam_models",
)


def main(arguments: list[str]) -> None:
    wanted = [argument.lower() for argument in arguments if argument != "-v"]
    totals: dict[str, Counter[str]] = {}
    for room in ROOMS:
        try:
            cases = importlib.import_module(f"collection.{room}").cases()
        except ModuleNotFoundError as error:
            print(f"{room}: left out, there is no module {error.name!r}")
            continue
        totals[room] = Counter()
        for case in cases:
            if not wanted or any(part in case.family.lower() for part in wanted):
                totals[room].update(score_apart(case, verbose="-v" in arguments))
    for name, total in [*totals.items(), ("all", sum(totals.values(), Counter()))]:
        print(f"{name}: {total['models']} models, " + ", ".join(f"{total[count]} {count}" for count in _COUNTS))


def score_apart(case: Case, *, verbose: bool) -> Counter[str]:
    """As `score`, in a separate process."""
    sys.stdout.flush()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_score, args=(sender, case, verbose))
    process.start()
    sender.close()
    try:
        result: Counter[str] = receiver.recv()
    except EOFError:
        process.join()
        print(f"{case.family:32} failed: its process ended with {process.exitcode}   <---")
        result = Counter(models=1, expected=case.maps + case.gates, missed=case.maps + case.gates, failed=1)
    process.join()
    return result


def _send_score(sender: Connection, case: Case, verbose: bool) -> None:
    sender.send(score(case, verbose=verbose))


def score(case: Case, *, verbose: bool) -> Counter[str]:
    """The counts of one model, and its line of output."""
    try:
        keras.utils.set_random_seed(1)
        model = case.build()
        inputs = case.inputs() if case.inputs is not None else make_inputs(model)
    except Exception as error:
        print(f"{case.family:32} not built: {type(error).__name__}: {str(error)[:150]!r}")
        return Counter(unbuilt=1)
    start = time.perf_counter()
    try:
        captured = Capturer(model)(inputs)
    except Exception as error:
        print(f"{case.family:32} failed: {type(error).__name__}: {str(error)[:300]!r}")
        return Counter(models=1, expected=case.maps + case.gates, missed=case.maps + case.gates, failed=1)
    kinds = Counter(site.kind for site in captured.sites)
    result = Counter(models=1, expected=case.maps + case.gates, failed=len(captured.failed))
    maps = kinds["self"] + kinds["cross"] + kinds["local"]
    for found, expected in ((maps, case.maps), (kinds["gate"], case.gates), (kinds["activation"], 0)):
        result.update(found=min(found, expected), missed=max(0, expected - found), invented=max(0, found - expected))
    result["wrong"] = _wrong(model, inputs, captured.sites)
    result["kinds"] = int(
        bool(case.kinds) and dict(case.kinds) != {kind: kinds[kind] for kind in kinds if kind != "router"}
    )
    seconds = time.perf_counter() - start
    faulty = any(result[name] for name in ("missed", "invented", "wrong", "failed", "kinds"))
    print(
        f"{case.family:32} found {result['found']:3} missed {result['missed']:2} invented {result['invented']:2} "
        f"wrong {result['wrong']:2} {dict(kinds)} {seconds:.1f} s{'   <---' if faulty else ''}",
        flush=True,
    )
    if faulty and verbose:
        for site in captured.sites:
            print("    ", site.path, site.kind, site.weights.shape)
        for out in (*captured.left_out, *captured.failed):
            print("     left out:", out.path, out.reason)
    return result


def _wrong(model: keras.Model, inputs: Any, sites: Any) -> int:
    """Number of maps that the model does not compute when it runs eagerly."""
    with _watched() as computed:
        model(keras.tree.map_structure(keras.ops.convert_to_tensor, inputs), training=False)
    maps = [site.weights.reshape(-1) for site in sites if site.kind in ("self", "cross", "local")]
    return sum(bool(computed) and not any(_holds(theirs, mine) for theirs in computed) for mine in maps)


def _holds(computed: Any, captured: Any) -> bool:
    """Whether each captured weight is among the computed ones, which may also have padding or a column for a sink."""
    if len(computed) < len(captured):
        return False
    if len(computed) == len(captured):
        return bool(np.abs(computed - np.sort(captured)).max() <= TOLERANCE)
    indices = np.searchsorted(computed, captured).clip(1, len(computed) - 1)
    nearest = np.minimum(np.abs(computed[indices] - captured), np.abs(computed[indices - 1] - captured))
    return bool(nearest.max() <= TOLERANCE)


def _softmax(logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """As TensorFlow's, which oneDNN lacks for more than five dimensions."""
    positive = tf.math.exp(logits - tf.reduce_max(logits, axis, keepdims=True))
    return positive / tf.reduce_sum(positive, axis, keepdims=True)


@contextmanager
def _watched() -> Iterator[list[Any]]:
    """Collects possible weights while models run eagerly, sorted by value."""
    computed: list[Any] = []
    own = [module.__dict__[name] for module, name, _ in _WATCHED]
    watched = [_softmax, *own[1:]]

    def collecting(function: Any, arguments: bool) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if tf.executing_eagerly():
                tensors = [item for item in args if tf.is_tensor(item)] if arguments else [result]
                computed.extend(np.sort(np.asarray(tf.cast(tensor, "float32")).reshape(-1)) for tensor in tensors)
            return result

        return call

    for (module, name, arguments), function in zip(_WATCHED, watched, strict=True):
        setattr(module, name, collecting(function, arguments))
    try:
        yield computed
    finally:
        for (module, name, _), function in zip(_WATCHED, own, strict=True):
            setattr(module, name, function)


if __name__ == "__main__":
    main(sys.argv[1:])
