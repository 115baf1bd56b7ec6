"""Small models with attention of many kinds, or with none, and what is to be found in them."""

from importlib import import_module

from tests.tracing.zoo.cases import CASES, SAMPLES, block, head, ids, normal
from tests.tracing.zoo.hand_written import FoldedHeads, HandWritten, Windows

_ROOMS = (
    "around by_others gated_units gates hand_written keras_2 keras_layers neighbourhoods nothing papers parts raw_inputs "
    "subclassed tokens whole_models"
)
for _room in _ROOMS.split():
    # Importing a room of the zoo adds its models to the cases.
    import_module(f"{__name__}.{_room}")

__all__ = ["CASES", "SAMPLES", "FoldedHeads", "HandWritten", "Windows", "block", "head", "ids", "normal"]
