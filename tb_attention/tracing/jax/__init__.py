"""Keras on JAX: a graph from the jaxpr of a model, and the compiled part of it that is wanted."""
