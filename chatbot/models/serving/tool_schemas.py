"""A request's tools, checked and made plain: bounded in number, depth and size, with references put in place, before a grammar is made of them."""

import re
from collections.abc import Sequence
from typing import Any

from chatbot.core.errors import InputError

MOST_TOOLS = 100
MOST_PROPERTIES = 100
"""Properties of all tools together: what a grammar over 100,000 tokens is compiled for in some five seconds on two cores."""
MOST_NODES = 2_000
MOST_CHOICES = 500
DEEPEST = 12
"""Levels of objects, lists and alternatives within one tool's arguments."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}", re.ASCII)
_TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}
_SIZES = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def plain_tools(tools: Sequence[Any], where: str = "tools") -> list[dict[str, Any]]:
    """The tools as a model and its grammar can take them.

    A pattern is kept as a description and never run; `$ref`, `allOf`, `const` and lists of types are written out.

    Raises:
        InputError: naming the place in the request that is no tool, or is too large or too deep.
    """
    if len(tools) > MOST_TOOLS:
        raise InputError("models.request_large", value=len(tools), param=where, most=MOST_TOOLS)
    budget = _Budget()
    out = [_tool(tool, f"{where}.{number}", budget) for number, tool in enumerate(tools)]
    names = [tool["function"]["name"] for tool in out]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError("models.request_schema", value=twice, param=where, reason="two tools of one name")
    return out


def _tool(tool: Any, where: str, budget: "_Budget") -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or tool.get("type", "function") != "function":
        raise InputError("models.request_schema", value=tool, param=where, reason="not a function")
    if not isinstance(function.get("name"), str) or not _NAME.fullmatch(function["name"]):
        raise InputError("models.request_schema", value=function.get("name"), param=f"{where}.name", reason="no name")
    schema = function.get("parameters") or {}
    place = f"{where}.function.parameters"
    parameters = _Plain(schema, budget).schema(schema, place, 0) if isinstance(schema, dict) else None
    if parameters is None or parameters.get("type", "object") != "object":
        raise InputError("models.request_schema", value=schema, param=place, reason="not an object's schema")
    return {**tool, "type": "function", "function": function | {"parameters": parameters}}


class _Budget:
    """What is left of the room that all tools share."""

    def __init__(self) -> None:
        self.nodes = self.properties = 0

    def spend(self, where: str, properties: int = 0) -> None:
        """Count one schema and its properties."""
        self.nodes += 1
        self.properties += properties
        if self.properties > MOST_PROPERTIES:
            raise InputError("models.request_large", value=self.properties, param=where, most=MOST_PROPERTIES)
        if self.nodes > MOST_NODES:
            raise InputError("models.request_large", value=self.nodes, param=where, most=MOST_NODES)


class _Plain:
    """One tool's schema, written out."""

    def __init__(self, root: dict[str, Any], budget: _Budget) -> None:
        self.root, self.budget = root, budget

    def schema(self, found: Any, where: str, depth: int) -> dict[str, Any]:
        """A schema whose every part is one that the grammar knows."""
        if depth > DEEPEST:
            raise InputError("models.request_deep", param=where, most=DEEPEST)
        if found is True:
            return {}
        if not isinstance(found, dict):
            raise _wrong(found, where, "not a schema")
        found = self._merged(found, where, depth)
        properties = found.get("properties")
        self.budget.spend(where, len(properties) if isinstance(properties, dict) else 0)
        out = {key: value for key, value in found.items() if key not in ("$defs", "definitions", "const")}
        if "const" in found:
            out["enum"] = [found["const"]]
        _check(out, where)
        self._written_out(out, where, depth)
        return _typed(out)

    def _merged(self, found: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
        """The schema with what it refers to and all of its `allOf` in its place."""
        parts: list[Any] = []
        if "$ref" in found:
            parts.append(self._referred(found["$ref"], where))
        if "allOf" in found:
            parts += _list(found["allOf"], f"{where}.allOf", 32)
        out: dict[str, Any] = {}
        for part in parts:
            if depth + 1 > DEEPEST:
                raise InputError("models.request_deep", param=where, most=DEEPEST)
            if not isinstance(part, dict):
                raise _wrong(part, where, "not a schema")
            self.budget.spend(where)
            out |= self._merged(part, where, depth + 1)
        return out | {key: value for key, value in found.items() if key not in ("$ref", "allOf")}

    def _referred(self, ref: Any, where: str) -> Any:
        place: Any = self.root
        for step in ref[2:].split("/") if isinstance(ref, str) and ref.startswith("#/") else [None]:
            if not isinstance(place, dict) or step not in place:
                raise _wrong(ref, where, "a reference to nowhere")
            place = place[step]
        return place

    def _written_out(self, out: dict[str, Any], where: str, depth: int) -> None:
        def inner(part: Any, key: str) -> dict[str, Any]:
            return self.schema(part, f"{where}.{key}", depth + 1)

        if "properties" in out:
            out["properties"] = {
                str(name): inner(part, f"properties.{str(name)[:40]}") for name, part in out["properties"].items()
            }
        if "items" in out:
            out["items"] = inner(out["items"], "items")
        for key in ("anyOf", "oneOf"):
            if key in out:
                options = [inner(part, f"{key}.{n}") for n, part in enumerate(_list(out[key], f"{where}.{key}", 32))]
                out[key] = [option for option in options if option.get("type") != "null"] or options


def _typed(out: dict[str, Any]) -> dict[str, Any]:
    """A list of types as alternatives; that something may be null is passed over, since an optional property is left out instead."""
    kinds = out.get("type")
    if not isinstance(kinds, list):
        return out
    rest = {key: value for key, value in out.items() if key != "type"}
    real = [kind for kind in kinds if kind != "null"] or ["null"]
    if len(real) == 1:
        return rest | {"type": real[0]}
    shown = {key: rest[key] for key in ("description", "title") if key in rest}
    return shown | {"anyOf": [{key: v for key, v in rest.items() if key not in shown} | {"type": k} for k in real]}


def _check(schema: dict[str, Any], where: str) -> None:
    """Refuse what the grammar could trip over."""
    kinds = schema.get("type", [])
    if not all(isinstance(kind, str) and kind in _TYPES for kind in (kinds if isinstance(kinds, list) else [kinds])):
        raise _wrong(kinds, f"{where}.type", "no type")
    if not isinstance(schema.get("properties", {}), dict):
        raise _wrong(schema["properties"], f"{where}.properties", "not an object")
    if not all(isinstance(name, str) for name in _list(schema.get("required", []), f"{where}.required", 1000, least=0)):
        raise _wrong(schema["required"], f"{where}.required", "not names")
    if "enum" in schema:
        _list(schema["enum"], f"{where}.enum", MOST_CHOICES)
    for key in (*_SIZES, *_BOUNDS):
        value = schema.get(key, 0)
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if not (whole if key in _SIZES else isinstance(value, int | float) and not isinstance(value, bool)):
            raise _wrong(value, f"{where}.{key}", "not a number" if key in _BOUNDS else "not a size")


def _list(found: Any, where: str, most: int, *, least: int = 1) -> list[Any]:
    if not isinstance(found, list) or len(found) < least:
        raise _wrong(found, where, "not a list" if not isinstance(found, list) else "an empty list")
    if len(found) > most:
        raise InputError("models.request_large", value=len(found), param=where, most=most)
    return found


def _wrong(value: Any, where: str, reason: str) -> InputError:
    return InputError("models.request_schema", value=value, param=where, reason=reason)
