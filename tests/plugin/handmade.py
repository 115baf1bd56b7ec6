"""A log written member by member as docs/format.md says, with numpy alone: what another program might write."""

import io
import json

import numpy as np

PATH = "block_1/attention"


def npz(manifest, members=None):
    """The bytes of an `.npz` with a JSON manifest."""
    body = io.BytesIO()
    np.savez_compressed(body, manifest=text(manifest), **(members or {}))
    return body.getvalue()


def text(manifest):
    """The member that holds a manifest."""
    return np.frombuffer(json.dumps(manifest).encode(), np.uint8)


def sqrt8(weights):
    """Encodes weights as `sqrt8_row`."""
    maxima = weights.max(-1, keepdims=True)
    codes = np.round(255 * np.sqrt(weights / maxima)).astype(np.uint8)
    return np.concatenate([maxima.astype("<f4").ravel().view(np.uint8), codes.ravel()])


def weights(step, sample, heads=2, size=4):
    """Weights of one site, known from step and sample alone; rows sum to 1."""
    raw = np.random.default_rng([step, sample]).random((heads, size, size)).astype(np.float32)
    return raw / raw.sum(-1, keepdims=True)


def step_manifest(step, samples, /, attempt=1, **changes):
    """The manifest of a step with one site of 2 heads and 4 x 4 positions."""
    axes = [{"role": "heads", "size": 2}, {"role": "query", "size": 4}, {"role": "key", "size": 4}]
    manifest = {
        "schema": 1, "content": "attention", "tag": "attention", "attempt": attempt, "writer": "handmade",
        "step": step, "epoch": step, "batch": 10 * step, "wall_time": 1795608000.25 + step, "logs": {"loss": 1 / (1 + step)},
        "samples": "samples-0f3a5c9e1b2d.npz", "sample_count": samples,
        "predictions": [{"class": 1, "probability": 0.9}] + [None] * (samples - 1),
        "measures": ["entropy", "largest"],
        "sites": [{"path": PATH, "kind": "self", "note": None, "axes": axes, "shape": [2, 4, 4], "encoding": "float32",
                   "overview": {"shape": [2, 4, 4], "encoding": "sqrt8_row", "offset": 0, "bytes": 64}}],
    }  # fmt: skip
    return {**manifest, **changes}


def step_file(step, samples=2, /, **changes):
    """The bytes of a step file of maps."""
    members = {"measures": np.arange(samples * 4, dtype=np.float32).reshape(samples, 2, 2) + 100 * step}
    for sample in range(samples):
        members[f"weights/{sample}/0"] = weights(step, sample)
        members[f"overview/{sample}"] = sqrt8(weights(step, sample))
    return npz(step_manifest(step, samples, **changes), members)


def samples_file():
    """The bytes of a samples file: two pictures of 3 x 5."""
    return samples()[1]


def samples():
    """The manifest and the bytes of `samples_file`."""
    image = {"name": "image", "kind": "image", "shape": [3, 5, 1]}
    listed = [{"id": name, "label": {"class": 1, "name": "one"}, "inputs": [image]} for name in ("a", "b")]
    manifest = {"schema": 1, "content": "samples", "class_names": ["zero", "one"], "samples": listed}
    manifest["thumbnails"] = {"shape": [2, 3, 5, 1]}
    pictures = np.arange(30, dtype=np.uint8).reshape(2, 3, 5, 1)
    return manifest, npz(manifest, {"thumbnails": pictures, "image/0/0": pictures[0], "image/1/0": pictures[1]})


def confusion_file(step, dense, attempt=1):
    """The bytes of a step file of matrices: "validation" stored dense, "training" the same stored sparse."""
    return confusion(step, dense, attempt)[1]


def confusion(step, dense, attempt=1, **changes):
    """The manifest and the bytes of `confusion_file`."""
    truth, prediction = np.nonzero(dense)
    manifest = {
        "schema": 1, "content": "confusion", "tag": "confusion", "attempt": attempt, "writer": "handmade",
        "step": step, "epoch": step, "batch": None, "wall_time": 1795608000.25 + step, "logs": {"loss": "NaN"},
        "classes": len(dense), "class_names": None, "output": None,
        "splits": {"validation": {"examples": int(dense.sum()), "encoding": "dense", "weighted": False},
                   "training": {"examples": int(dense.sum()), "encoding": "sparse", "weighted": False}},
    }  # fmt: skip
    manifest |= changes
    sparse = np.stack([truth, prediction, dense[truth, prediction]])
    return manifest, npz(manifest, {"matrix/validation": dense, "matrix/training": sparse})


def write(directory, files, attempt=1):
    """Writes files of one attempt of one series; `directory` is `<run>/plugins/attention/<tag>`."""
    folder = directory / str(attempt)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
