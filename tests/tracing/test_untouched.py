"""A capture leaves the model, and all that it draws random numbers from, as it was, bit for bit."""

from __future__ import annotations

import random
import threading
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.ops.operation import Operation

from tb_attention.errors import CaptureError
from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import normal


class AlwaysNoisy(layers.Layer):
    """Draws random numbers at inference too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(5)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal(ops.shape(x), stddev=0.1, seed=self.seeds)


class Counter(layers.Layer):
    """Counts its calls, in a variable and in Python, and keeps a mean of what it saw."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.calls = 0
        self.seen: list[str] = []

    def build(self, shape: Any) -> None:
        self.count = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="count")
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False, name="mean")

    def call(self, x: Any) -> Any:
        self.calls += 1
        self.seen.append("call")
        self.count.assign_add(1)
        self.mean.assign(0.9 * self.mean + 0.1 * ops.mean(x, axis=(0, 1)))
        self.add_loss(ops.sum(x))
        return x + self.mean


def noisy_model(unseeded: bool = False) -> keras.Model:
    inputs = keras.Input((6, 8))
    noise = AlwaysNoisy()
    x = layers.BatchNormalization()(inputs)
    x = noise(layers.Dropout(0.3)(x))
    x = Counter(name="counter")(noise(x))
    if unseeded:
        x = layers.Lambda(lambda z: z + keras.random.normal(ops.shape(z)))(x)
    x = layers.LSTM(8, return_sequences=True, dropout=0.2)(x)
    x = layers.MultiHeadAttention(2, 4, dropout=0.2, name="attention")(x, x)
    out = layers.Dense(3, activation="softmax", activity_regularizer="l2")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, out)


def state(model: keras.Model) -> list[np.ndarray]:
    return [
        ops.convert_to_numpy(variable).copy()
        for variable in [*model.variables, *(model.optimizer.variables if model.optimizer else ())]
    ]


def assert_same(before: list[np.ndarray], after: list[np.ndarray]) -> None:
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert one.tobytes() == other.tobytes()


def test_variables_are_the_same_bit_for_bit() -> None:
    model = noisy_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(normal(6, 8), np.arange(3) % 3, verbose=0)
    before = state(model)
    functions = (model.train_function, model.test_function, model.predict_function)
    capturer = Capturer(model)
    capturer(normal(6, 8))
    capturer(normal(6, 8))
    assert_same(before, state(model))
    assert (model.train_function, model.test_function, model.predict_function) == functions


def test_attributes_and_losses_of_layers_are_the_same() -> None:
    model = noisy_model()
    model(normal(6, 8))
    attributes = {id(layer): dict(vars(layer)) for layer in model._flatten_layers()}
    losses = [float(loss) for loss in model.losses]
    seen = list(model.get_layer("counter").seen)
    Capturer(model)(normal(6, 8))
    assert model.get_layer("counter").calls == len(seen)
    assert model.get_layer("counter").seen == seen
    assert [float(loss) for loss in model.losses] == losses
    for layer in model._flatten_layers():
        assert vars(layer).keys() == attributes[id(layer)].keys()
        assert all(vars(layer)[name] is value for name, value in attributes[id(layer)].items())


def test_generators_of_random_numbers_are_the_same() -> None:
    def draws(capture: bool) -> list[float]:
        # The first Keras of version 3 keep their generator of seeds when a seed is set.
        keras.backend.clear_session()
        keras.utils.set_random_seed(11)
        model = noisy_model(unseeded=True)
        if capture:
            Capturer(model)(normal(6, 8))
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002
            float(keras.random.normal(())),
            float(ops.sum(model(normal(6, 8)))),
        ]

    assert draws(capture=True) == draws(capture=False)


def test_a_random_layer_called_twice_draws_what_the_model_draws() -> None:
    model = noisy_model()
    generator = next(layer for layer in model.layers if isinstance(layer, AlwaysNoisy)).seeds
    start = ops.convert_to_numpy(generator.state).copy()
    captured = Capturer(model)(normal(6, 8))
    np.testing.assert_array_equal(ops.convert_to_numpy(generator.state), start)
    before = [ops.convert_to_numpy(variable).copy() for variable in model.variables]
    own = model(normal(6, 8), training=False)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(captured.outputs, own, atol=1e-6)


def test_training_with_captures_equals_training_without() -> None:
    def train(capture: bool) -> list[np.ndarray]:
        keras.utils.set_random_seed(2)
        model = noisy_model()
        model.compile("adam", "sparse_categorical_crossentropy")
        capturer = Capturer(model)

        class Callback(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                capturer(normal(6, 8))

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                capturer(normal(6, 8)[:2])

        x, y = np.tile(normal(6, 8), (4, 1, 1)), np.arange(12) % 3
        model.fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[Callback()] if capture else [])
        return state(model)

    assert_same(train(capture=False), train(capture=True))


def test_hooks_are_gone_after_a_capture_and_after_a_failure() -> None:
    calls = (Operation.__call__, layers.Layer.__call__)
    Capturer(noisy_model())(normal(6, 8))
    assert (Operation.__call__, layers.Layer.__call__) == calls

    class Broken(keras.Model):
        def call(self, x: Any) -> Any:
            raise RuntimeError("no")

    with pytest.raises(CaptureError, match=r"could be neither traced.*RuntimeError: .*no"):
        Capturer(Broken(name="broken"))(normal(6, 8))
    assert (Operation.__call__, layers.Layer.__call__) == calls


def test_other_threads_may_use_models_meanwhile() -> None:
    model, other = noisy_model(), noisy_model()
    failures: list[BaseException] = []
    done = threading.Event()

    def use() -> None:
        try:
            while not done.is_set():
                other(normal(6, 8))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    try:
        for _ in range(2):
            captured = Capturer(model)(normal(6, 8))
    finally:
        done.set()
        thread.join()
    assert not failures
    assert [site.path for site in captured.sites] == ["attention"]
