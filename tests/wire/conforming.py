"""Whether JSON is exactly what a struct says."""

from __future__ import annotations

import json

import msgspec

from tb_attention.wire.site_structs import WireStruct


def assert_conforms(text: bytes, struct: type[WireStruct]) -> None:
    """The JSON decodes as the struct, and nothing in it is unknown to the struct or lost."""
    decoded = msgspec.json.decode(text, type=struct)
    assert json.loads(msgspec.json.encode(decoded)) == json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
