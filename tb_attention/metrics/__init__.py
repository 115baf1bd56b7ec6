"""Keras metrics that count inside the compiled graph."""
