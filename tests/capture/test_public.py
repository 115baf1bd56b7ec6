"""`tb_attention.capture` is a function and a package, and costs nothing until it is called."""

from __future__ import annotations

import subprocess
import sys

import keras
from keras import layers

import tb_attention
from tests.capture.zoo import normal


def test_importing_the_package_does_not_import_tensorflow() -> None:
    modules = "tb_attention.capture, tb_attention.reduce.axes"
    program = f"import sys, {modules}; print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    report = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert report.stdout == "[]\n"


def test_package_and_function_are_called_alike() -> None:
    from tb_attention.capture import capture

    inputs = keras.Input((6, 8))
    model = keras.Model(inputs, layers.Attention(name="attention")([inputs, inputs]))
    package = sys.modules["tb_attention.capture"]
    for function in (tb_attention.capture, capture, package):
        assert callable(function)
        sites = function(model, normal(6, 8))
        assert list(sites) == ["attention"]
        assert sites["attention"].path == "attention"
