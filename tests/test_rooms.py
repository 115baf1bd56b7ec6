"""The rooms of the package, the ways that imports may run, and the public surface."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import tb_attention

PACKAGE = Path(tb_attention.__file__).parent

# What each room may import of ours; `site` and `errors` hold the nouns that all share.
SHARED = {"site", "errors", "_version"}
ALLOWED = {
    "reduce": set(),
    "records": {"reduce"},
    "tracing": {"reduce"},
    "metrics": {"reduce"},
    "plot": {"records", "reduce"},
    "wire": {"records", "reduce"},
    "export": {"wire", "records", "reduce"},
    "plugin": {"wire", "export", "records", "reduce"},
    "steps": {"tracing", "records", "reduce"},
    "callbacks": {"steps", "tracing", "metrics", "records", "plot", "reduce"},
    "jax": {"steps", "tracing", "records", "reduce"},
    "torch": {"steps", "tracing", "metrics", "records", "plot", "reduce"},
}
# What each floor of `records` may import of the others.
FLOORS = {
    "samples": set(),
    "store": set(),
    "format": {"samples", "store"},
    "reading": {"samples", "store", "format"},
    "writing": {"samples", "store", "format", "reading"},
}
# The plugin side runs inside TensorBoard, where these would cost hundreds of megabytes.
HEAVY = {"tensorflow", "keras", "matplotlib", "sklearn", "torch", "jax", "flax", "equinox"}
LIGHT_ROOMS = ("reduce", "records", "wire", "export", "plugin")


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def rooms_in(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("tb_attention.")} & set(ALLOWED)


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ALLOWED)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_run_one_way(room: str) -> None:
    paths = list((PACKAGE / room).rglob("*.py"))
    assert paths
    for path in paths:
        strangers = rooms_in(imports_of(path)) - ALLOWED[room] - {room}
        assert not strangers, f"{path.relative_to(PACKAGE)} imports {strangers}"


@pytest.mark.parametrize("floor", sorted(FLOORS))
def test_imports_between_the_floors_of_records_run_one_way(floor: str) -> None:
    assert {path.parent.name for path in (PACKAGE / "records").glob("*/__init__.py")} == set(FLOORS)
    for path in (PACKAGE / "records" / floor).rglob("*.py"):
        floors = {name.split(".")[2] for name in imports_of(path) if name.startswith("tb_attention.records.")}
        strangers = (floors & set(FLOORS)) - FLOORS[floor] - {floor}
        assert not strangers, f"{path.relative_to(PACKAGE)} imports {strangers}"


def test_no_module_imports_itself_through_others() -> None:
    """Imports inside functions and those for types alone count too."""
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    left = {name: imports_of(path) & set(modules) for name, path in modules.items()}
    while free := {name for name, imports in left.items() if not imports & set(left)}:
        left = {name: imports for name, imports in left.items() if name not in free}
    assert not left, f"circles among {sorted(left)}"


def test_only_the_choice_knows_the_backends() -> None:
    """Each framework is imported in the folder of its name, and these folders are named in one file."""
    tracing = PACKAGE / "tracing"
    backends = {path.parent.name for path in tracing.glob("*/*_backend.py")}
    for path in PACKAGE.rglob("*.py"):
        folder = path.relative_to(tracing).parts[0] if tracing in path.parents else ""
        if tracing in path.parents:
            own = {"keras", folder} | ({"flax", "equinox"} if folder == "jax" else set())
            strangers = {name.split(".")[0] for name in imports_of(path)} & HEAVY - own
            assert not strangers, f"{path.relative_to(PACKAGE)} imports {strangers}"
        named = {name for name in backends - {folder} if f"tb_attention.tracing.{name}" in path.read_text()}
        assert not named or path.name == "chosen_backend.py", f"{path.relative_to(PACKAGE)} names {named}"


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_the_plugin_side_imports_nothing_heavy(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        heavy = {name.split(".")[0] for name in imports_of(path)} & HEAVY
        assert not heavy, f"{path.relative_to(PACKAGE)} imports {heavy}"


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, tb_attention; print([m for m in ('numpy', 'tensorflow', 'keras', 'tensorboard') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_nouns_and_the_errors_are_public() -> None:
    from tb_attention import Axis, Log, Site, errors

    assert Axis("key", 3, "tokens").size == 3
    assert Site.__module__ == Axis.__module__ == "tb_attention.site"
    assert isinstance(tb_attention.load("nowhere"), Log)
    assert issubclass(errors.NotInLogError, errors.AttentionError)


def test_capture_is_a_function() -> None:
    assert inspect.isfunction(tb_attention.capture)
    assert not (PACKAGE / "capture").exists()


def test_the_public_names_are_exactly_what_is_importable() -> None:
    for name in tb_attention.__all__:
        assert getattr(tb_attention, name) is not None
    assert set(dir(tb_attention)) == set(tb_attention.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Attention'"):
        _ = tb_attention.Attention
