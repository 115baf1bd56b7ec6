"""Which of several processes that train one model logs it: one of them, or each step would be there several times."""

from __future__ import annotations

from typing import Any

import keras


def is_chief(model: Any) -> bool:
    """Whether this process is the one that logs.

    Under a `tf.distribute` strategy of several workers it is the one that TensorFlow calls chief: the task "chief" of
    TF_CONFIG, or else worker 0. Under `keras.distribution` it is process 0. A single process always is.
    """
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and not strategy.extended.should_save_summary:
        return False
    # Keras keeps the number of the process, which it publishes nowhere else, in the distribution.
    return not getattr(keras.distribution.distribution(), "_process_id", 0)
