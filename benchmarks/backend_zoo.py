"""How many models of the zoo have on other backends what they have on TensorFlow: paths, kinds, shapes, and weights within 1e-5.

Weights are drawn by NumPy, the same on all backends. Models that call TensorFlow themselves are counted apart. Weights of
models that compute with 16 bits must be equal within their precision. Names of backends ("jax", "torch") and of models as
arguments choose some; names of files of the collection ("written_vision", "hub_vision") take their models instead. Exits
with 1 if a site is missed, or has other weights.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

COLLECTION = Path(__file__).parent / "collection"
BACKENDS = ("jax", "torch")
RIGHT, OTHERS = "right", "calls TensorFlow itself"
TOLERANCE = 1e-5
TOLERANCES = {"brain_floats": 2e-2, "half_precision": 2e-3}
"""Those with bfloat16 and float16: products are rounded to 8 and 11 bits, in another order on each backend."""


def main(words: list[str]) -> int:
    backends = [word for word in words if word in BACKENDS] or BACKENDS
    names = [word for word in words if word not in BACKENDS]
    failed = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tensorflow.pickle"
        for backend in ("tensorflow", *backends):
            environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)}
            command = [sys.executable, __file__, "--in", str(path), *names]
            failed |= subprocess.run(command, env=environment, check=False).returncode
    return failed


def capture_all(path: Path, names: list[str]) -> int:
    import keras

    is_reference = not path.exists()
    reference: dict[str, Any] = {} if is_reference else pickle.loads(path.read_bytes())
    called = [] if is_reference else note_tensorflow()
    draw_by_numpy()
    cases = cases_of(names)
    found, counts = {}, Counter[str]()
    for name, build in cases.items():
        keras.utils.set_random_seed(3)
        called.clear()
        try:
            found[name] = captured(build, reference.get(name))
            verdict = compared(name, reference.get(name, found[name]), found[name])
        except Exception as error:
            verdict = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        verdict = OTHERS if called else verdict
        counts[verdict.split(":")[0]] += 1
        if verdict not in (RIGHT, OTHERS):
            print(f"  {name}: {verdict}")
    if is_reference:
        path.write_bytes(pickle.dumps(found))
    print(f"{keras.backend.backend()}: {dict(counts.most_common())}", flush=True)
    return int(set(counts) > {RIGHT, OTHERS})


def cases_of(names: list[str]) -> dict[str, Any]:
    """What makes each model, with its inputs and, for those of the zoo, its sites."""
    rooms = [name for name in names if (COLLECTION / f"{name}.py").exists()]
    if not rooms:
        from tests.tracing.zoo import CASES

        return {name: CASES[name] for name in names or CASES}
    from collection.cases import Case, make_inputs

    def builder(case: Case) -> Any:
        def build() -> tuple[Any, Any, None]:
            model = case.build()
            return model, make_inputs(model) if case.inputs is None else case.inputs(), None

        return build

    return {case.family: builder(case) for room in rooms for case in import_module(f"collection.{room}").cases()}


def draw_by_numpy() -> None:
    """Makes layers begin with the same numbers on all backends, whichever of them a model keeps to itself."""
    import numpy as np
    from keras.src.initializers import random_initializers

    def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, **kwargs: Any) -> Any:
        return np.random.uniform(minval, maxval, shape).astype("float32")  # noqa: NPY002

    def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, **kwargs: Any) -> Any:
        return np.random.normal(mean, stddev, shape).astype("float32")  # noqa: NPY002

    drawn = dict(uniform=uniform, normal=normal, truncated_normal=normal)
    random_initializers.random = SimpleNamespace(**{**vars(random_initializers.random), **drawn})


def note_tensorflow() -> list[str]:
    """Imports the zoo so that what it calls of TensorFlow is added to a list, which is returned."""
    import tensorflow

    called: list[str] = []

    class Noting:
        def __init__(self, module: Any) -> None:
            self.module = module

        def __getattr__(self, name: str) -> Any:
            return noting(getattr(self.module, name))

    def noting(value: Any) -> Any:
        if isinstance(value, ModuleType):
            return Noting(value)
        if not callable(value) or isinstance(value, type):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            called.append(getattr(value, "__name__", ""))
            return noting(value(*args, **kwargs))

        return call

    sys.modules["tensorflow"] = Noting(tensorflow)  # type: ignore[assignment]
    import_module("tests.tracing.zoo")
    sys.modules["tensorflow"] = tensorflow
    return called


def captured(build: Any, reference: Any) -> Any:
    from tb_attention.tracing.capturer import Capturer

    model, inputs, expected = build()
    if reference is not None:
        # Layers that are built in another order have drawn other numbers.
        model.set_weights(reference[3])
    sites = Capturer(model)(inputs).sites
    kinds = [(site.path, site.kind, site.weights.shape[1:]) for site in sites]
    return expected in (None, kinds), kinds, [site.weights for site in sites], model.get_weights()


def compared(name: str, one: Any, other: Any) -> str:
    import numpy as np

    if not other[0] or one[1] != other[1]:
        return f"other sites: {other[1]}"
    worst = max(
        (float(np.abs(mine - theirs).max()) for mine, theirs in zip(one[2], other[2], strict=True)), default=0.0
    )
    return RIGHT if worst <= TOLERANCES.get(name, TOLERANCE) else f"other weights: by {worst:.1g}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in"]:
        sys.exit(capture_all(Path(sys.argv[2]), sys.argv[3:]))
    sys.exit(main(sys.argv[1:]))
