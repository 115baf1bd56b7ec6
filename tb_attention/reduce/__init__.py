"""Arithmetic on weights: NumPy only, no files, no models."""
