"""`make gallery`: a picture and a stand-alone page of each example of docs/gallery.md, from its quick run.

The pictures go into docs/pictures/gallery/, the pages into .build/gallery/, from where `make docs` takes them into the site.
"""

from __future__ import annotations

import argparse
import io
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote

from PIL import Image

import tb_attention
from tests.conftest import ROOT
from tools.run_examples import quick_run
from tools.screenshots import screenshots

LOGS = ROOT / "logs" / "gallery"
PICTURES = ROOT / "docs" / "pictures" / "gallery"
PAGES = ROOT / ".build" / "gallery"
_MOST_PAGE_BYTES = 30_000_000
_MOST_STEPS = 6


@dataclass(frozen=True)
class Shot:
    """How an example is shown.

    Attributes:
        run: Its run below `logs/gallery`.
        view: The view to wait for.
        choices: Further choices in the address: `key=value`, joined by `&`.
        dark: The colour scheme.
    """

    run: str
    view: str
    choices: str = ""
    dark: bool = False

    @property
    def tag(self) -> str:
        """The series of maps that is shown."""
        found = re.search(r"(?:^|&)tag=([^&]+)", self.choices)
        return found[1] if found else "attention"


SHOTS = {
    "article": Shot("article", "head", "tag=attention"),
    "image_gates": Shot("image_gates/classifier", "head", "site=cbam_channels&bars=class&means=above"),
    "image_vit": Shot("image_vit/windows", "head", "site=block_1/attention&window=3", dark=True),
    "text_keywords": Shot("text_keywords", "samples", "keywords=lead&label=2", dark=True),
    "text_sliding_window": Shot("text_sliding_window", "head", "site=window"),
    "text_bert_finetune": Shot(
        "text_bert_finetune", "compare", "versus=init&site=transformer_layer_5/self_attention_layer"
    ),
    "seq2seq_alignment": Shot("seq2seq_alignment/bahdanau", "head"),
    "object_detection": Shot("object_detection", "sample", "site=block_2_to_cells", dark=True),
    "image_generation": Shot("image_generation", "head", "iteration=7&head=1&key=1", dark=True),
    "multimodal": Shot("multimodal", "sample", "tag=sound&site=text_to_other&query=3"),
    "reinforcement_learning": Shot("reinforcement_learning", "head", "iteration=5&sample=start-2", dark=True),
    "tabular": Shot("tabular", "head", "site=block_2"),
    "time_series": Shot("time_series", "head", "site=block_2&query=30&head=2"),
    "video": Shot("video", "sample", "site=block_1_attention&query=54&slice=3"),
    "graph": Shot("graph", "head", "mode=lines&links=top300&query=33"),
    "pytorch_huggingface": Shot("pytorch_huggingface", "overview"),
    "jax_keras": Shot("jax_keras", "head", dark=True),
    "overfitting": Shot("overfitting/plain", "epochs", "tag=training&site=block_1_attention&head=1", dark=True),
}


def address_of(shot: Shot) -> str:
    """The choices of a shot, as they stand in the address."""
    choices = parse_qsl(f"run={shot.run}&view={shot.view}&{shot.choices}")
    return "".join(f"&p.attention.{key}={quote(value, safe='')}" for key, value in choices)


def make_page(name: str, shot: Shot) -> None:
    """A page with the first, the last and some steps between them."""
    run = LOGS / shot.run
    steps = tb_attention.load(run, tag=shot.tag).steps
    shown = sorted({steps[round(at * (len(steps) - 1) / (_MOST_STEPS - 1))] for at in range(_MOST_STEPS)})
    tb_attention.export_html(
        run, PAGES / f"{name}.html", steps=shown, tag=shot.tag, title=name, max_bytes=_MOST_PAGE_BYTES
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SHOTS), help="only these examples")
    names = parser.parse_args().names
    for name in names:
        if not (LOGS / SHOTS[name].run).exists():
            print(f"{name}: reached {quick_run(name, LOGS / name).reached:.3f}", flush=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    PAGES.mkdir(parents=True, exist_ok=True)
    with screenshots(LOGS) as screenshot:
        for name in names:
            shot = SHOTS[name]
            shown = Image.open(io.BytesIO(screenshot(address_of(shot), shot.view, shot.dark))).convert("RGB")
            shown.quantize(256, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)
            make_page(name, shot)
            size = Path(PAGES / f"{name}.html").stat().st_size
            print(f"{name}: docs/pictures/gallery/{name}.png, .build/gallery/{name}.html ({size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
