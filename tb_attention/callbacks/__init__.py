"""When to log: one Keras callback a file."""
