"""The entry point is light, and the plugin side never needs a training framework."""

import subprocess
import sys

HEAVY = {"numpy", "tensorflow", "keras", "google.protobuf", "werkzeug", "fsspec", "matplotlib", "sklearn"}
TRAINING = {"tensorflow", "keras", "matplotlib", "sklearn", "jax", "torch"}


def imported_by(module, *options):
    """Names of all modules that Python says it imports for `module`, in a process of its own."""
    command = [sys.executable, "-X", "importtime", *options, "-c", f"import {module}"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {line.rpartition("|")[2].strip() for line in report.splitlines() if line.startswith("import time:")}


def test_the_loader_imports_nothing_heavy():
    modules = imported_by("tb_attention.plugin.loader")
    assert "tb_attention.plugin.loader" in modules
    assert not HEAVY & modules


def test_the_plugin_side_imports_no_training_framework():
    modules = imported_by("tb_attention.plugin.plugin")
    assert "tb_attention.plugin.plugin" in modules
    assert not TRAINING & modules
