"""The wheel as a newcomer installs it: with pip, in a fresh environment, outside the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, TensorBoard

WRITE = """
import sys
import numpy as np
import tb_attention

with tb_attention.AttentionWriter("logs/run1", samples=tb_attention.Samples(np.zeros((2, 8)))) as writer:
    for step in range(3):
        weights = np.random.default_rng(step).dirichlet(np.ones(6), (2, 4, 6)).astype("float32")
        writer.write(step, weights={"encoder/attention": weights})
assert tb_attention.load("logs/run1").steps == [0, 1, 2]
assert not {"tensorflow", "keras", "matplotlib", "sklearn"} & set(sys.modules)
try:
    tb_attention.AttentionCallback
except ImportError as error:
    assert 'tb_attention.AttentionCallback needs pip install "tb-attention[keras]"' in str(error)
else:
    raise AssertionError("Keras is not installed, and no error says so")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


class Environment:
    """A fresh virtual environment with its own working directory."""

    def __init__(self, directory: Path, *requirements: str) -> None:
        self.directory = directory
        venv.create(directory / "venv", with_pip=True)
        self.bin = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.run("pip", "install", "--quiet", "--disable-pip-version-check", *requirements)

    def run(self, program: str, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            check=False,
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_the_wheel_carries_the_front_end_and_no_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert "tb_attention/plugin/static/index.js" in names
    assert "tb_attention/plugin/static/page/page.js" in names
    assert "tb_attention/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"tb_attention", f"tb_attention-{version(wheel)}.dist-info"}
    assert not any(re.search(r"\.(npz|csv|tgz|keras|map)$", name) for name in names)


def test_it_writes_and_serves_without_tensorflow(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path, str(wheel))
    assert "tensorflow" not in environment.run("pip", "list").lower()
    environment.run("python", "-c", WRITE)
    server = TensorBoard(tmp_path / "logs", python=environment.bin / "python")
    try:
        plugin = f"{server.address}/data/plugin/attention"
        assert "export" in requests.get(f"{plugin}/index.js", timeout=30).text
        series = requests.get(f"{plugin}/series", {"run": "run1", "tag": "attention"}, timeout=30).json()
        assert [step["step"] for step in series["steps"]] == [0, 1, 2]
        assert requests.get(f"{server.address}/data/plugins_listing", timeout=30).json()["attention"]["enabled"]
    finally:
        server.stop()
    assert server.complaints == []


@pytest.mark.slow
def test_the_lines_of_the_readme_run_with_the_keras_extra(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path, f"tb-attention[keras] @ {wheel.as_uri()}")
    readme = (ROOT / "README.md").read_text()
    lines = re.search(r"```python\n(.*?)```", readme, re.S)
    assert lines is not None
    (tmp_path / "train.py").write_text(lines.group(1))
    environment.run("python", "train.py")
    program = "import tb_attention as t; print(t.load('logs/run1', tag='attention').steps, t.load('logs/run1').tags)"
    assert environment.run("python", "-c", program).strip() == "[0, 1, 2, 3, 4] ['attention', 'confusion']"


@pytest.mark.slow
def test_installing_from_a_fresh_checkout_warns_of_nothing(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    built = shutil.ignore_patterns(".*", "build", "dist", "logs", "node_modules", "static", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, checkout, ignore=built)
    for build in ("build_wheel", "build_editable"):
        program = f"import sys; from setuptools.build_meta import {build}; {build}(sys.argv[1])"
        command = [sys.executable, "-W", "error", "-c", program, str(tmp_path)]
        subprocess.run(command, cwd=checkout, check=True, capture_output=True)


def version(wheel: Path) -> str:
    return wheel.name.split("-")[1]
