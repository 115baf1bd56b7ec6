"""How far the rules look is written down in one file, each bound with its reason."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tb_attention import tracing
from tb_attention.tracing import limits

ROOM = Path(tracing.__file__).parent
OTHERS = sorted(set(ROOM.rglob("*.py")) - {Path(limits.__file__)})
NO_BOUNDS = {"_SEED", "_TOKENS_AXIS"}


def test_every_bound_has_a_reason() -> None:
    statements = ast.parse(Path(limits.__file__).read_text()).body
    bounds = [(one, other) for one, other in pairwise(statements) if isinstance(one, ast.Assign)]
    assert len(bounds) == sum(name.isupper() for name in vars(limits))
    for _, reason in bounds:
        assert isinstance(reason, ast.Expr)
        assert isinstance(reason.value, ast.Constant)
        assert len(str(reason.value.value).split()) > 5


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOM)))
def test_no_other_file_has_a_bound(path: Path) -> None:
    numbers = re.findall(r"^(_?[A-Z][A-Z_]*) = [\d_.e<* -]+$", path.read_text(), re.MULTILINE)
    assert set(numbers) <= NO_BOUNDS
