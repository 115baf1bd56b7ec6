"""scikit-learn's picture of a confusion matrix."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

# With more classes, the numbers in the cells and then the names are too small to read.
_MOST_NUMBERS = 25
_MOST_NAMES = 60
_INCHES_A_CLASS = 0.4


def confusion_png(matrix: npt.NDArray[Any], class_names: Sequence[str] | None = None) -> bytes:
    """The PNG of scikit-learn's `ConfusionMatrixDisplay`; counts in the cells for up to 25 classes.

    Args:
        matrix: `(classes, classes)`; rows are the truth.
        class_names: A name for each class. Defaults to the indices.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    classes = len(matrix)
    inches = min(12.0, max(4.0, 2 + _INCHES_A_CLASS * classes))
    # Without pyplot, whose figures belong to the main thread.
    figure = Figure(figsize=(inches + 1, inches), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    display = ConfusionMatrixDisplay(matrix, display_labels=class_names)
    display.plot(
        ax=axes,
        include_values=classes <= _MOST_NUMBERS,
        xticks_rotation="vertical" if class_names is not None else "horizontal",
        values_format="" if matrix.dtype.kind in "iu" else ".3g",
    )
    if classes > _MOST_NAMES:
        axes.set_xticks([])
        axes.set_yticks([])
    file = io.BytesIO()
    canvas.print_png(file)
    return file.getvalue()
