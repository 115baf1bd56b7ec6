"""The command line that the examples share."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable


def run(main: Callable[..., float]) -> None:
    """Reads `--logdir` and `--quick`, trains, and prints what the model reached.

    Args:
        main: The example: `main(logdir, quick=False)`, which returns the quality of the last epoch, from 0 to 1: an accuracy on
            validation data, or what the docstring of its script says.
    """
    script = inspect.getmodule(main)
    assert script is not None
    assert script.__file__ is not None
    name = script.__file__.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    parser = argparse.ArgumentParser(description=script.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default=f"logs/{name}")
    parser.add_argument(
        "--quick", action="store_true", help="less data and fewer epochs: at most 3 minutes on two cores"
    )
    given = parser.parse_args()
    print(f"reached {main(given.logdir, quick=given.quick):.3f}")
