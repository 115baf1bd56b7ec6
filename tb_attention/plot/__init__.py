"""Matplotlib figures of maps and matrices."""
