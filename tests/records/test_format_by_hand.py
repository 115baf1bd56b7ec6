"""A reader that knows docs/format.md, numpy, json and zip, and nothing of tb_attention."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord, Prediction
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

from . import logs


class HandReader:
    """One file of a log."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        self.manifest: dict[str, Any] = json.loads(self.member("manifest").tobytes())

    def member(self, name: str) -> np.ndarray:
        return np.lib.format.read_array(io.BytesIO(self.zip.read(f"{name}.npy")), allow_pickle=False)

    def weights(self, sample: int, site: int) -> np.ndarray:
        manifest = self.manifest["sites"][site]
        return self.decode(self.member(f"weights/{sample}/{site}"), manifest["shape"], manifest["encoding"])

    def overview(self, sample: int, site: int) -> np.ndarray:
        part = self.manifest["sites"][site]["overview"]
        stored = self.member(f"overview/{sample}")[part["offset"] : part["offset"] + part["bytes"]]
        return self.decode(stored, part["shape"], part["encoding"])

    def decode(self, stored: np.ndarray, shape: list[int], encoding: str) -> np.ndarray:
        if encoding in ("float32", "float16"):
            return stored.astype(np.float32)
        rows = int(np.prod(shape[:-1]))
        maxima = np.frombuffer(stored[: 4 * rows].tobytes(), "<f4")[:, None]
        codes = stored[4 * rows :].reshape(rows, shape[-1])
        if encoding == "sqrt8_row":
            return (maxima * (codes / 255) ** 2).reshape(shape)
        signed = codes.view(np.int8)
        return (maxima * np.sign(signed) * (signed / 127) ** 2).reshape(shape)

    def matrix(self, split: str) -> np.ndarray:
        manifest, stored = self.manifest["splits"][split], self.member(f"matrix/{split}")
        if manifest["encoding"] == "dense":
            return stored
        matrix = np.zeros((self.manifest["classes"],) * 2, stored.dtype)
        matrix[stored[0].astype(int), stored[1].astype(int)] = stored[2]
        return matrix


def attention_site(path: str, weights: np.ndarray) -> Site:
    roles = ("samples", "heads", "query", "key") if weights.ndim == 4 else ("samples", "heads", "key")
    axes = tuple(Axis(role, size) for role, size in zip(roles, weights.shape, strict=True))  # type: ignore[arg-type]
    return Site(path, "self" if weights.ndim == 4 else "gate", axes, weights)


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    diverged = logs.rows(2, 2, 130, 130)
    diverged[1, 0, 7] = np.nan
    weights = {
        "small": logs.rows(2, 3, 17, 17),
        "large": diverged,
        "signed": np.random.default_rng(0).standard_normal((2, 1, 130, 130)).astype(np.float32),
        "gate": logs.rows(2, 1, 16),
    }
    writer = SeriesWriter(tmp_path, "attention", 1)
    sites = tuple(attention_site(path, array) for path, array in weights.items())
    name = writer.write_samples(logs.digits())
    writer.submit(
        logs.record(
            3,
            sites=sites,
            samples=name,
            batch=96,
            logs={"loss": 0.5, "val_loss": float("nan")},
            predictions=(Prediction(3, 0.5), None),
        )
    )
    assert writer.close(10)
    assert writer.failures == []
    return logs.attempt_directory(tmp_path), weights


def test_weights_are_read_by_hand(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    directory, weights = written
    reader = HandReader(directory / "step-000000000003.npz")
    assert [site["path"] for site in reader.manifest["sites"]] == list(weights)
    assert [site["encoding"] for site in reader.manifest["sites"]] == ["float32", "sqrt8_row", "signed8_row", "float32"]
    log = tb_attention.load(directory.parents[3])
    for index, (path, array) in enumerate(weights.items()):
        for sample in range(2):
            back = reader.weights(sample, index)
            most = np.nan_to_num(np.abs(array[sample])).max(axis=-1, keepdims=True)
            assert np.all(np.nan_to_num(np.abs(back - array[sample])) <= 8e-3 * most)
            np.testing.assert_array_equal(np.isnan(back).all(axis=-1), np.isnan(array[sample]).any(axis=-1))
            np.testing.assert_allclose(back, log.weights(3, sample, path), rtol=1e-6, atol=1e-12)


def test_overviews_are_read_by_hand(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    directory, weights = written
    reader = HandReader(directory / "step-000000000003.npz")
    assert reader.overview(1, 0).shape == (3, 17, 17)
    np.testing.assert_allclose(reader.overview(1, 0), weights["small"][1], atol=4e-3)
    pooled = reader.overview(0, 1)
    assert pooled.shape == (2, 32, 32)
    np.testing.assert_allclose(pooled.max(axis=(1, 2)), weights["large"][0].max(axis=(1, 2)), rtol=1e-6)
    assert np.isnan(reader.overview(1, 1)).any()
    assert reader.overview(0, 3).shape == (1, 16)


def test_manifest_samples_and_measures_are_read_by_hand(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    directory, weights = written
    reader = HandReader(directory / "step-000000000003.npz")
    manifest = reader.manifest
    assert (manifest["schema"], manifest["content"], manifest["tag"], manifest["attempt"]) == (
        1,
        "attention",
        "attention",
        1,
    )
    assert (manifest["step"], manifest["epoch"], manifest["batch"], manifest["sample_count"]) == (3, 3, 96, 2)
    assert manifest["logs"] == {"loss": 0.5, "val_loss": "NaN"}
    assert manifest["predictions"] == [{"class": 3, "probability": 0.5}, None]
    measures = reader.member("measures")
    assert measures.shape == (2, 3 + 2 + 1 + 1, len(manifest["measures"]))
    row = weights["small"][0, 1].astype(np.float64)
    entropy = -(row * np.log2(np.maximum(row, 1e-300))).sum(axis=-1).mean()
    assert measures[0, 1, manifest["measures"].index("entropy")] == pytest.approx(entropy, rel=1e-4)
    samples = HandReader(directory / manifest["samples"])
    assert [sample["label"]["class"] for sample in samples.manifest["samples"]] == [0, 1]
    assert samples.member("image/0/0").shape == (8, 8, 1)
    assert samples.member("thumbnails").shape == tuple(samples.manifest["thumbnails"]["shape"])


def test_the_index_is_read_by_hand(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    directory, _ = written
    index = HandReader(directory / "index-000000000003.npz")
    step = HandReader(directory / "step-000000000003.npz")
    (entry,) = index.manifest["steps"]
    stat = (directory / entry.pop("file")).stat()
    assert (entry.pop("mtime_ns"), entry.pop("size")) == (stat.st_mtime_ns, stat.st_size)
    entry["sites"] = index.manifest["site_sets"][entry["sites"]]
    assert entry == step.manifest
    measures = step.member("measures")
    assert index.member("files")[:, 0].tolist() == [3, stat.st_size, stat.st_mtime_ns, measures[0].size, len(measures)]
    for sample, values in enumerate(measures):
        np.testing.assert_array_equal(index.member(f"measures_of/{sample}"), values.ravel())


def test_matrices_are_read_by_hand(tmp_path: Path) -> None:
    dense = np.arange(9).reshape(3, 3)
    sparse = np.diag([0.5, 0, 2])
    writer = SeriesWriter(tmp_path, "confusion", 1)
    writer.submit(ConfusionRecord("init", {"validation": dense, "training": sparse}))
    writer.close(10)
    reader = HandReader(logs.attempt_directory(tmp_path, "confusion") / "step-init.npz")
    assert reader.manifest["step"] == "init"
    assert reader.manifest["splits"] == {
        "validation": {"examples": 36, "encoding": "dense", "weighted": False},
        "training": {"examples": 2.5, "encoding": "sparse", "weighted": True},
    }
    np.testing.assert_array_equal(reader.matrix("validation"), dense)
    np.testing.assert_array_equal(reader.matrix("training"), sparse)


def test_numpy_alone_opens_every_file(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    for path in written[0].glob("*.npz"):
        with np.load(path, allow_pickle=False) as loaded:
            assert json.loads(loaded["manifest"].tobytes())["schema"] == 1
