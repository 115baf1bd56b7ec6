"""Logs to export, and a page taken apart as a browser takes it apart."""

from __future__ import annotations

import base64
import gzip
import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tb_attention
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter

WORDS = ["[CLS]", "dear", "sir", "</script><script>alert(1)</script>", "<!--<script>", "late", "[SEP]"]
HEADS, LAYERS, SAMPLES, STEPS = 3, 2, 3, 3


def write_run(run: Path, *, tokens: int = len(WORDS)) -> dict[str, npt.NDArray[np.float32]]:
    """A run with maps of words and pictures, and matrices; returns the weights of step 1.

    With more than 100 tokens the weights are stored in 8 bits.
    """
    random = np.random.default_rng(0)
    samples = tb_attention.Samples(
        {
            "picture": random.integers(0, 255, (SAMPLES, 8, 8, 3)).astype("uint8"),
            "words": np.zeros((SAMPLES, tokens), int),
        },
        [0, 1, 1],
        tokens={"words": [(WORDS * tokens)[:tokens]] * SAMPLES},
        texts={"words": ["a secret letter"] * SAMPLES},
        ids=["a", "b", "c"],
        class_names=["ham", "spam"],
    )
    kept = {}
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(STEPS):
            weights = {
                f"layer_{layer}/attention": random.dirichlet(np.full(tokens, 0.4), (SAMPLES, HEADS, tokens)).astype(
                    "f4"
                )
                for layer in range(LAYERS)
            }
            writer.write(step, weights, np.full((SAMPLES, 2), 0.5), {"val_loss": 1.0}, epoch=step)
            if step == 1:
                kept = weights
    matrices = SeriesWriter(run, "confusion", 1)
    for step in range(STEPS):
        counts = np.array([[3, step], [1, 4]])
        matrices.submit(ConfusionRecord(step, {"validation": counts}, ("ham", "spam"), epoch=step))
    matrices.close()
    return kept


@dataclass
class Page(HTMLParser):
    """The parts of a page.

    Attributes:
        tags: Every element's name, in order.
        script: The text of the only script.
    """

    text: str
    tags: list[str] = field(default_factory=list)
    script: str = ""
    policy: str = ""
    _log: str = ""
    _inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        lines = self._log.split("\n")
        self.index: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(lines[0])))
        self._bodies = lines[1:]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag
        known = dict(attrs)
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "template":
            self._log += data
        elif self._inside == "script":
            self.script += data

    @property
    def series(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.index["answers"]["series"]
        return found

    @property
    def samples(self) -> list[dict[str, Any]]:
        """The samples of the first series."""
        (answer,) = self.index["answers"]["samples"][0].values()
        found: list[dict[str, Any]] = answer["samples"]
        return found

    @property
    def names(self) -> list[str]:
        return list(self.index["bodies"])

    def body(self, name: str) -> bytes:
        return base64.b64decode(self._bodies[self.index["bodies"][name]])

    def array(self, name: str) -> npt.NDArray[Any]:
        loaded: npt.NDArray[Any] = np.load(io.BytesIO(gzip.decompress(self.body(name))), allow_pickle=False)
        return loaded
