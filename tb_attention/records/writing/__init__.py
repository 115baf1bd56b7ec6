"""Writing a log: one thread, one queue, whole files."""
