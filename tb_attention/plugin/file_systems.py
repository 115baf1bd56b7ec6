"""With TensorFlow installed, TensorBoard refuses object stores that TensorFlow does not know; without it, it reads them.

TensorBoard has a stand-in for TensorFlow, which reads through fsspec, and takes it where TensorFlow is not installed. Where
TensorFlow is, and cannot read what shall be shown, TensorBoard would end with "Unsupported filename scheme".
"""

from __future__ import annotations

import importlib.util
from argparse import Namespace


def choose_file_systems(flags: Namespace) -> str | None:
    """Has TensorBoard read through fsspec where TensorFlow cannot read what it shall show. Called before it opens anything.

    Args:
        flags: TensorBoard's own.

    Returns:
        The scheme for which it does, or None.
    """
    schemes = _schemes(getattr(flags, "logdir", "") or "", getattr(flags, "logdir_spec", "") or "")
    if not schemes or importlib.util.find_spec("tensorflow_io") or not importlib.util.find_spec("fsspec"):
        return None
    import fsspec
    from tensorboard import compat
    from tensorboard.compat import tensorflow_stub

    known_schemes = getattr(compat.tf.io.gfile, "get_registered_schemes", None)
    if known_schemes is None:  # the stand-in
        return None
    unknown = sorted(scheme for scheme in schemes.difference(known_schemes()) if scheme in fsspec.available_protocols())
    if not unknown:
        return None
    # The modules of TensorBoard share this proxy, which already stands for TensorFlow.
    names = vars(compat.tf)
    for name in [name for name in names if not name.startswith("__")]:
        del names[name]
    names.update(
        {
            name: value
            for name, value in vars(tensorflow_stub).items()
            if name == "__version__" or not name.startswith("__")
        }
    )
    return unknown[0]


def _schemes(logdir: str, spec: str) -> set[str]:
    """The schemes of the places that TensorBoard shall show: `logdir`, or `name:place,place`."""
    places = [logdir, *spec.split(",")]
    return {place.partition("://")[0].rpartition(":")[2] for place in places if "://" in place}
