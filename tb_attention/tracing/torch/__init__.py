"""The backend of PyTorch: plain modules, and Keras on torch."""
