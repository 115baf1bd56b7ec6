"""How many models of the zoo have on other backends what they have on TensorFlow: paths, kinds, shapes, and weights within 1e-5.

Models that call TensorFlow themselves fail, and the table says with what. Names of models as arguments choose some.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

BACKENDS = ("jax",)


def main() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tensorflow.pickle"
        for backend in ("tensorflow", *BACKENDS):
            environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)}
            subprocess.run([sys.executable, __file__, "--in", str(path), *sys.argv[1:]], env=environment, check=True)


def capture_all(path: Path, names: list[str]) -> None:
    import keras

    from tests.tracing.zoo import CASES

    reference: dict[str, Any] = pickle.loads(path.read_bytes()) if path.exists() else {}
    found, counts = {}, Counter[str]()
    for name in names or CASES:
        keras.utils.set_random_seed(3)
        try:
            found[name] = captured(CASES[name], reference.get(name))
            verdict = compared(reference[name], found[name]) if reference else "right"
        except Exception as error:
            verdict = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        counts[verdict.split(":")[0]] += 1
        if verdict != "right":
            print(f"  {name}: {verdict}")
    if not reference:
        path.write_bytes(pickle.dumps(found))
    print(f"{keras.backend.backend()}: {dict(counts.most_common())}", flush=True)


def captured(build: Any, same: Any) -> Any:
    from tb_attention.tracing.capturer import Capturer

    model, inputs, expected = build()
    if same is not None:
        model.set_weights(same[0])
    sites = Capturer(model)(inputs).sites
    kinds = [(site.path, site.kind, site.weights.shape[1:]) for site in sites]
    return model.get_weights(), kinds == expected, kinds, [site.weights for site in sites]


def compared(one: Any, other: Any) -> str:
    import numpy as np

    if not other[1] or one[2] != other[2]:
        return f"other sites: {other[2]}"
    worst = max(
        (float(np.abs(mine - theirs).max()) for mine, theirs in zip(one[3], other[3], strict=True)), default=0.0
    )
    return "right" if worst <= 1e-5 else f"other weights: by {worst:.1g}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in"]:
        capture_all(Path(sys.argv[2]), sys.argv[3:])
    else:
        main()
