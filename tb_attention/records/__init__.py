"""What is stored of a run, as docs/format.md says: written, listed and read back without TensorFlow."""
