"""Pictures that a model makes: found among its outputs, kept with each step, sent to the tab and into stand-alone pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, NotInLogError
from tb_attention.records.samples.made_pictures import find_made_pictures, to_frames
from tb_attention.site import Axis, Site
from tests.export.pages import Page
from tests.plugin.conftest import open_tab, write_event_file

RUN = {"run": "run", "tag": "attention"}
RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.random((3, 8, 16, 3)).astype("float32")
SAMPLES = tb_attention.Samples({"words": np.ones((3, 5), int), "noise": PICTURES}, ids=["a", "b", "c"])


def site(iterations: int) -> Site:
    axes = [Axis("samples", 3), Axis("heads", 1), Axis("iteration", iterations), Axis("query", 4), Axis("key", 5)]
    return Site("attention", "cross", tuple(axes), np.full((3, 1, iterations, 4, 5), 0.2, "float32"))


def test_an_output_of_the_size_of_an_input_picture_is_found() -> None:
    outputs = {"class": np.ones((3, 10)), "mask": RANDOM.random((3, 8, 16, 1)).astype("float32")}
    made = find_made_pictures(outputs, SAMPLES, [])
    assert made is not None
    assert (made.input, made.frames.shape) == (1, (3, 1, 8, 16, 1))
    np.testing.assert_array_equal(made.frames[:, 0], np.rint(outputs["mask"] * 255))


def test_pictures_of_iterations_are_found_where_a_site_has_as_many() -> None:
    frames = np.stack([PICTURES, PICTURES[::-1]], axis=1)
    made = find_made_pictures(frames, SAMPLES, [site(2)])
    assert made is not None
    np.testing.assert_array_equal(made.frames, np.rint(frames * 255))
    assert find_made_pictures(frames, SAMPLES, [site(3)]) is None


@pytest.mark.parametrize(
    "output",
    [np.ones((3, 8, 8, 3), "f"), np.ones((3, 8, 16, 4), "f"), np.ones((2, 8, 16, 3), "f"), np.ones((3, 8, 16, 3), int)],
)
def test_other_outputs_are_no_pictures(output: npt.NDArray[np.float32]) -> None:
    assert find_made_pictures(output, SAMPLES, []) is None


def test_nothing_is_kept_of_samples_whose_inputs_are_not() -> None:
    samples = tb_attention.Samples(PICTURES, store_inputs=False)
    assert find_made_pictures(PICTURES, samples, []) is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255)])
def test_the_scale_is_that_of_the_last_frames_and_what_lies_beside_is_cut_off(low: float, high: float) -> None:
    shares = np.linspace(0, 1, 8 * 8).reshape(1, 1, 8, 8, 1)
    noise = np.full_like(shares, 9 * high)
    last = low + (high - low) * shares.copy()
    last[0, 0, 0, 0] = low - 0.1 * (high - low)
    frames = to_frames(np.concatenate([noise, last], axis=1).astype("float32"))
    assert (frames[0, 0] == 255).all()
    np.testing.assert_allclose(frames[0, 1].astype(float), shares[0, 0] * 255, atol=0.51)


@pytest.fixture
def frames(tmp_path: Path) -> npt.NDArray[np.uint8]:
    """What is written at step 1 of a run; step 0 has nothing."""
    frames = RANDOM.integers(0, 256, (3, 2, 8, 16, 3)).astype("uint8")
    with tb_attention.AttentionWriter(tmp_path / "run", samples=SAMPLES) as writer:
        for step in range(2):
            axes = {"attention": list(site(2).axes[2:])}
            pictures = frames if step else None
            writer.write(step, {"attention": site(2).weights}, axes=axes, pictures=pictures)
    return frames


def test_what_is_written_is_read(tmp_path: Path, frames: npt.NDArray[np.uint8]) -> None:
    log = tb_attention.load(tmp_path / "run")
    assert log.pictures(0, "a") is None
    np.testing.assert_array_equal(log.pictures(1, "c"), frames[2])
    with pytest.raises(NotInLogError, match="sample"):
        log.pictures(1, "d")


def test_the_tab_gets_it_as_stored(tmp_path: Path, frames: npt.NDArray[np.uint8]) -> None:
    tab = open_tab(tmp_path)
    known = [step.get("pictures") for step in tab.json("series", **RUN)["steps"]]
    assert known == [None, {"shape": [2, 8, 16, 3]}]
    np.testing.assert_array_equal(tab.array("pictures", **RUN, step=1, sample=2), frames[2])
    assert "no pictures" in tab.refusal("pictures", 404, **RUN, step=0, sample=0)
    assert "3 samples" in tab.refusal("pictures", 404, **RUN, step=1, sample=3)


def test_a_page_holds_it_unless_it_is_redacted(tmp_path: Path, frames: npt.NDArray[np.uint8]) -> None:
    for redact in (False, True):
        tb_attention.export_html(tmp_path / "run", tmp_path / "page.html", redact=redact, samples=["c"])
        page = Page((tmp_path / "page.html").read_text())
        assert ("pictures/0/1/0" in page.names) is not redact
        assert ("pictures" in page.series[0]["steps"][1]) is not redact
        if not redact:
            write_event_file(tmp_path / "run")
            sent = open_tab(tmp_path).get("pictures", **RUN, step=1, sample=2).get_data()
            assert page.body("pictures/0/1/0") == sent


@pytest.mark.parametrize("shape", [(3, 8, 16), (3, 8, 16, 2), (2, 8, 16, 3), (3, 2, 2, 8, 16, 3)])
def test_other_arrays_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    writer = tb_attention.AttentionWriter(tmp_path / "run", samples=SAMPLES)
    with pytest.raises(ArgumentError, match=r"`pictures` must have shape .* Received: shape"):
        writer.write(0, {"attention": np.full((3, 1, 4, 5), 0.2)}, pictures=np.zeros(shape))
