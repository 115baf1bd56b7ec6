"""Importing what captures costs nothing until it is called, and every public name can be imported by name."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_package_does_not_import_tensorflow() -> None:
    modules = "tb_attention.tracing.capture, tb_attention.reduce.axes"
    program = f"import sys, {modules}; print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    report = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert report.stdout == "[]\n"
