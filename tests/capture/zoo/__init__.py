"""Small models with attention of many kinds, or with none, and what is to be found in them."""

from tests.capture.zoo import (
    around,
    by_others,
    gates,
    hand_written,
    keras_layers,
    neighbourhoods,
    nothing,
    papers,
    parts,
    subclassed,
    tokens,
    whole_models,
)
from tests.capture.zoo.cases import CASES, SAMPLES, block, head, ids, normal
from tests.capture.zoo.hand_written import FoldedHeads, HandWritten, Windows

# Importing a room of the zoo adds its models to the cases.
ROOMS = (
    around,
    by_others,
    gates,
    hand_written,
    keras_layers,
    neighbourhoods,
    nothing,
    papers,
    parts,
    subclassed,
    tokens,
    whole_models,
)

__all__ = ["CASES", "ROOMS", "SAMPLES", "FoldedHeads", "HandWritten", "Windows", "block", "head", "ids", "normal"]
