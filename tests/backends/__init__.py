"""Tests that run in a process of their own, with Keras on another backend than TensorFlow. `tests/test_backends.py` starts it."""
