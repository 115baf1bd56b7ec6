"""The feature map behind a gate is kept with its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import DamagedFileError
from tb_attention.records.format import json_text
from tb_attention.records.format.digest import digest
from tb_attention.records.format.npz import write_npz
from tb_attention.records.format.site_manifest import SiteManifest, site_to_json
from tb_attention.records.format.step_file import attention_members
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

RANDOM = np.random.default_rng(0)


def gate(samples: int, channels: int, rows: int, *, signed: bool = False, features: bool = True) -> Site:
    axes = (Axis("samples", samples), Axis("heads", 1), Axis("key", channels, "channels"))
    weights = RANDOM.random((samples, 1, channels)).astype("float32")
    maps = RANDOM.normal(size=(samples, rows, rows + 1, channels)).astype("float32")
    return Site("gate", "gate", axes, weights, features=(maps if signed else np.abs(maps)) if features else None)


def written(run: Path, *sites: Site) -> tb_attention.Log:
    writer = SeriesWriter(run, "attention", 1)
    for step, site in enumerate(sites):
        writer.submit(StepRecord(step=step, sites=(site,)))
    writer.close()
    assert writer.failures == []
    return tb_attention.load(run)


def test_small_feature_maps_come_back_exactly(tmp_path: Path) -> None:
    site = gate(2, 6, 4, signed=True)
    log = written(tmp_path, site)
    assert site.features is not None
    for sample in range(2):
        np.testing.assert_array_equal(log.features(0, sample, "gate"), np.moveaxis(site.features[sample], -1, 0))


@pytest.mark.parametrize(("signed", "encoding"), [(False, "sqrt8_row"), (True, "signed8_row")])
def test_large_feature_maps_are_kept_in_8_bits(tmp_path: Path, signed: bool, encoding: str) -> None:
    site = gate(2, 32, 30, signed=signed)
    log = written(tmp_path, site)
    known = log.site("gate").features
    assert known is not None
    assert site.features is not None
    assert (known.shape, known.encoding) == ((32, 30, 31), encoding)
    wanted = np.moveaxis(site.features[1], -1, 0)
    back = log.features(0, 1, "gate")
    assert back is not None
    errors = np.abs(back - wanted) / np.abs(wanted).max(-1, keepdims=True)
    assert errors.max() < 1.1e-2


def test_a_site_without_features_has_none_and_neither_has_its_manifest(tmp_path: Path) -> None:
    log = written(tmp_path, gate(2, 6, 4, features=False))
    assert log.features(0, 0, "gate") is None
    assert "features" not in site_to_json(log.site("gate"))


def test_the_manifest_of_a_site_with_features_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = written(tmp_path, gate(2, 6, 4)).site("gate")
    assert json_text.convert(site_to_json(known), SiteManifest, "It") == known


def test_a_feature_map_that_is_missing_is_damage(tmp_path: Path) -> None:
    record = StepRecord(step=0, sites=(gate(1, 6, 4),))
    made = digest(record, "attention", 1)
    members = [member for member in attention_members(record, made) if not member[0].startswith("features/")]
    written(tmp_path, gate(1, 6, 4))
    [path] = tmp_path.rglob("step-*.npz")
    with path.open("wb") as file:
        write_npz(file, members)
    with pytest.raises(DamagedFileError, match="features/0/0"):
        tb_attention.load(tmp_path).features(0, 0, "gate")
