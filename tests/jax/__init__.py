"""Models of plain JAX, Flax linen, Flax nnx and Equinox."""
