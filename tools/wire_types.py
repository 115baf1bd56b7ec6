"""Writes the TypeScript types of the plugin's JSON, from the JSON schema of `tb_attention/wire/structs.py`.

It needs msgspec alone, so a wheel is built without another npm package.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_origin

import msgspec

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "plugin_frontend" / "src" / "api" / "wire.generated.ts"
HEADER = "/** Generated from tb_attention/wire/structs.py by tools/frontend.py: change it there. */\n\n"

Schema = dict[str, Any]


def write_types() -> None:
    """Writes the file if it changes, because a newer file makes the bundle be built again."""
    sys.path.insert(0, str(ROOT))
    from tb_attention.wire import site_structs, structs

    names = {**vars(site_structs), **vars(structs)}
    unions = {name: union for name, union in names.items() if get_origin(union) in (Literal, Union, UnionType)}
    _, components = msgspec.json.schema_components([*structs.ANSWERS.values(), structs.ErrorAnswer, structs.HeldIndex])
    text = HEADER + types_of(unions, components)
    if not TARGET.exists() or TARGET.read_text("utf-8") != text:
        TARGET.write_text(text, "utf-8")


def types_of(unions: dict[str, Any], components: dict[str, Schema]) -> str:
    """TypeScript: a type for each union, and an interface for each object."""
    schemas = {name: msgspec.json.schema(union) for name, union in unions.items()}
    aliases = {json.dumps(schema): name for name, schema in schemas.items()}

    def type_of(schema: Schema) -> str:
        bare = {key: value for key, value in schema.items() if key != "default"}
        return aliases.get(json.dumps(bare)) or spelled(bare)

    def spelled(schema: Schema) -> str:
        if "$ref" in schema:
            return str(schema["$ref"]).rpartition("/")[2]
        if "enum" in schema:
            return " | ".join(map(json.dumps, schema["enum"]))
        if "anyOf" in schema:
            rest = [each for each in schema["anyOf"] if each != {"type": "null"}]
            if len(rest) == len(schema["anyOf"]):
                return " | ".join(map(type_of, rest))
            return type_of(rest[0] if len(rest) == 1 else {"anyOf": rest}) + " | null"
        if "prefixItems" in schema:
            return f"[{', '.join(map(type_of, schema['prefixItems']))}]"
        if schema.get("type") == "array":
            item = type_of(schema["items"])
            return f"({item})[]" if "|" in item else f"{item}[]"
        if schema.get("type") == "object":
            return f"Record<string, {type_of(schema['additionalProperties'])}>"
        return {"integer": "number", None: "unknown"}.get(schema.get("type"), str(schema.get("type")))

    def interface(name: str, schema: Schema) -> str:
        summary, _, attributes = schema["description"].partition("\n\nAttributes:\n")
        comments = dict(re.findall(r"^    (\w+): ((?:.|\n {8})+)", attributes, re.MULTILINE))
        text = f"{comment(summary)}export interface {name} {{\n"
        for field, value in schema["properties"].items():
            optional = "" if field in schema["required"] else "?"
            text += f"{comment(comments.get(field, ''), '  ')}  {field}{optional}: {type_of(value)};\n"
        return text + "}\n"

    types = "".join(f"export type {name} = {spelled(schema)};\n" for name, schema in schemas.items())
    return "\n".join([types, *(interface(name, schema) for name, schema in components.items())])


def comment(text: str, indent: str = "") -> str:
    """A doc comment as a line, or nothing."""
    return f"{indent}/** {' '.join(text.split())} */\n" if text else ""


if __name__ == "__main__":
    write_types()
