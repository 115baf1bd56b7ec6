"""Arithmetic on weights: numpy only, no files, no models."""
