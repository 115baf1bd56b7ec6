"""How weights leave a Keras model that runs on TensorFlow."""
