"""Which softmaxes and sigmoids of a graph are attention, and of what kind."""
