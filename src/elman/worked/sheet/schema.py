"""Write the worksheet's fields as a JSON schema and as the tables of `docs/worksheet.md`, both from the model."""

import json
from collections.abc import Iterator
from typing import Any

from elman.worked.sheet.worksheet import Worksheet

_NAMES = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "", "object": "mapping"}


def schema() -> dict[str, Any]:
    """Give the JSON schema (2020-12) of a worksheet. `output` may also be its `kind` alone."""
    found = Worksheet.model_json_schema()
    output = found["properties"]["output"]
    reference, kinds = output.pop("$ref"), found["$defs"]["Output"]["properties"]["kind"]["enum"]
    found["properties"]["output"] = output | {"anyOf": [{"$ref": reference}, {"enum": kinds}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def as_json() -> str:
    """Give the schema as text."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def tables() -> dict[str, str]:
    """Give a Markdown table of the fields for each part of a worksheet, the whole first."""
    found = schema()
    parts = {"Worksheet": found, **found["$defs"]}
    return {name: "\n".join(_table(part)) for name, part in parts.items()}


def _table(part: dict[str, Any]) -> Iterator[str]:
    yield "| field | what it takes | by default | |"
    yield "|---|---|---|---|"
    for name, field in part["properties"].items():
        default = "**needed**" if name in part.get("required", ()) else _default(field.get("default"))
        yield f"| `{name}` | {_kind(field)} | {default} | {field.get('description', '')} |"


def _default(given: Any) -> str:
    return "" if given in (None, "", {}) else f"`{json.dumps(given)}`"


def _kind(field: dict[str, Any]) -> str:
    """Say what a field takes: `text`, `whole number from 1 to 15`, one of some words."""
    kind = field.get("type", "")
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(found for found in map(_kind, field["anyOf"]) if found))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if isinstance(kind, list):
        return "numbers"
    return _collection(field) or " ".join(part for part in (_NAMES.get(kind, kind), _range(field)) if part)


def _collection(field: dict[str, Any]) -> str:
    if "prefixItems" in field:
        return f"{len(field['prefixItems'])} numbers {_range(field['prefixItems'][0])}"
    if "items" in field:
        return f"list of {_kind(field['items'])}"
    return f"{_kind(field['additionalProperties'])} by name" if "additionalProperties" in field else ""


def _range(field: dict[str, Any]) -> str:
    limits = {
        "minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}",
        "maxLength": "of at most {} characters",
    }  # fmt: skip
    return " ".join(words.format(f"{field[name]:,g}") for name, words in limits.items() if name in field)
