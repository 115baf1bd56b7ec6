"""Nothing here is collected where Keras runs on TensorFlow."""

from __future__ import annotations

import os

if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
    collect_ignore_glob = ["test_*.py"]
