"""Reads calls out of what a model wrote: untrusted text, so literals and JSON only, and one kind of error."""

import ast
import json
import re
from typing import Any

from chatbot.core.errors import CallParseError
from chatbot.core.messages import FunctionCall

LONGEST = 20_000
"""Characters; a call is far shorter, and deeply nested text of megabytes could exhaust the stack of a parser."""
_NAME = re.compile(r"[A-Za-z_][\w.\-]{0,63}", re.ASCII)
_FENCE = re.compile(r"```[a-z]*\s*\n(.*?)\n?\s*```", re.DOTALL)


def _plain(value: Any) -> Any:
    """Data that JSON can hold: tuples as lists; sets, bytes, complex and non-finite numbers and lone surrogates are refused."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key that is not a string")
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        value.encode()
        return value
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and abs(value) < float("inf")):
        return value
    raise ValueError(f"{type(value).__name__} is not JSON data")


def _arguments(found: Any, text: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise CallParseError("models.call_arguments", value=text)
    try:
        return {key: _plain(value) for key, value in _plain(dict(found)).items()}
    except (ValueError, RecursionError) as error:
        raise CallParseError("models.call_data", value=text, reason=error) from error


def parse_json(text: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        CallParseError: it is not one.
    """
    try:
        found = json.loads(text[: LONGEST + 1]) if len(text) <= LONGEST else None
    except (ValueError, RecursionError) as error:
        raise CallParseError("models.call_no_object", value=text) from error
    return _arguments(found, text)


def parse_python_call(text: str) -> tuple[str, dict[str, Any]]:
    """`function(key=literal, …)` as (function, arguments); read as a syntax tree, never evaluated.

    Raises:
        CallParseError: it is anything but one call with keyword literals.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError(f"{len(text)} characters")
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
            raise ValueError("not a call with keyword arguments")
        found = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg}
        if len(found) != len(node.keywords):
            raise ValueError("unpacked or repeated arguments")
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise CallParseError("models.call_form", value=text) from error
    return node.func.id, _arguments(found, text)


def function_name(text: str) -> str:
    """A function's name as the model wrote it.

    Raises:
        CallParseError: it cannot be one.
    """
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise CallParseError("models.call_name", value=text)
    return name


def could_be_name(text: str) -> bool:
    """Whether this can be the beginning of a line that names a function."""
    return not text.strip() or bool(_NAME.fullmatch(text.strip()))


def parse_named_call(name: str, body: str) -> FunctionCall:
    """ChatGLM3's call: a name line, then a fenced `tool_call(…)`, the same unfenced, or a JSON object.

    Raises:
        CallParseError: the body is none of them.
    """
    fenced = _FENCE.search(body)
    inner = (fenced[1] if fenced else body).strip()
    arguments = parse_json(inner) if inner.startswith("{") else parse_python_call(inner)[1]
    return FunctionCall(name=function_name(name), arguments=arguments)


def parse_object_call(text: str) -> FunctionCall:
    """A call as one JSON object: {"name": …, "arguments": {…}} (or `parameters`; arguments as a JSON string are read too).

    Raises:
        CallParseError: it is not one.
    """
    found = parse_json(text.strip())
    if isinstance(found.get("function"), dict):
        found = found["function"]
    arguments = found.get("arguments", found.get("parameters"))
    if isinstance(arguments, str):
        arguments = parse_json(arguments)
    if not isinstance(found.get("name"), str):
        raise CallParseError("models.call_unnamed", value=text)
    return FunctionCall(name=function_name(found["name"]), arguments=_arguments(arguments, text))
