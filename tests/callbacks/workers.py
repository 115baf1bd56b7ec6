"""One of two processes that train one model: python -m tests.callbacks.workers <index> <directory>, with TF_CONFIG."""

from __future__ import annotations

import os
import sys

import keras
import numpy as np
import tensorflow as tf

import tb_attention

from .trainings import BATCHES, X, Y, build, callback, fit

INDEX, DIRECTORY = int(sys.argv[1]), sys.argv[2]

HALF = 4
"""Examples of a batch of 8 in each worker."""


def train_in_a_loop(strategy: tf.distribute.Strategy, log_dir: str) -> float:
    """Trains with gradients summed over both workers, as `fit` of this Keras cannot; returns a sum of the weights."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = build()
    losses = keras.losses.SparseCategoricalCrossentropy(reduction="sum")

    @tf.function
    def train(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = losses(y, model(x, training=True)) / (2 * HALF)
            gradients = [tf.convert_to_tensor(each) for each in tape.gradient(loss, model.trainable_variables)]
            gradients = tf.distribute.get_replica_context().all_reduce("sum", gradients)
            for gradient, variable in zip(gradients, model.trainable_variables, strict=True):
                variable.value.assign_sub(0.1 * gradient)
            return loss

        return strategy.reduce("sum", strategy.run(step, args=(x, y)), axis=None)

    matrices = tb_attention.ConfusionMatrixCallback(log_dir, validation_data=(X, Y))
    callbacks = keras.callbacks.CallbackList([callback(log_dir), matrices], model=model)
    callbacks.set_params({"epochs": 2, "steps": BATCHES})
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        for batch in range(BATCHES):
            part = slice(2 * HALF * batch + HALF * INDEX, 2 * HALF * batch + HALF * (INDEX + 1))
            loss = float(train(tf.constant(X[part]), tf.constant(Y[part])))
            callbacks.on_train_batch_end(batch, {"loss": loss})
        callbacks.on_epoch_end(epoch, {"loss": loss})
    callbacks.on_train_end()
    tb_attention.log(model, (X[:2], Y[:2]), log_dir, step=7, tag="checkpoint")
    return sum(float(np.abs(array).sum()) for array in model.get_weights())


def train_as_process(log_dir: str) -> None:
    """Trains under `keras.distribution` as process number INDEX of two. Only JAX has several processes, so they are told here."""
    backend = keras.src.backend.distribution_lib
    backend.num_processes, backend.process_id = (lambda: 2), (lambda: INDEX)
    distribution = keras.distribution.DataParallel(devices=["cpu:0"], auto_shard_dataset=False)
    keras.distribution.set_distribution(distribution)
    fit(build(), [callback(log_dir)], epochs=2)


if __name__ == "__main__":
    # Before anything else uses TensorFlow.
    workers = tf.distribute.MultiWorkerMirroredStrategy()
    print(f"{train_in_a_loop(workers, f'{DIRECTORY}/loop'):.6f}")
    train_as_process(f"{DIRECTORY}/processes")
    # The workers would wait for each other.
    sys.stdout.flush()
    os._exit(0)
