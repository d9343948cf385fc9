"""JSON texts as entries with the number of the line where each begins: a list, one object, or one object a line."""

import json
from collections.abc import Iterator

from chatbot.core.errors import InputError
from chatbot.core.files import check_values

_DECODER = json.JSONDecoder()
_GAP = " \t\r\n,"
Entry = tuple[int, object]
"""(line, value), the value an InputError where the line is no JSON."""


def entries(text: str) -> Iterator[Entry]:
    """The entries of a JSON text; lines that are no JSON are told among them.

    Raises:
        InputError: it is a list or an object, and broken, or has too many values.
    """
    check_values(text)
    start = text.lstrip()
    if start.startswith("["):
        return _of_list(text)
    try:
        return iter([(1 + text[: len(text) - len(start)].count("\n"), json.loads(text))])
    except (ValueError, RecursionError) as error:
        whole = None if _first_line_is_whole(start) else error
    found = list(_of_lines(text))
    if whole is not None and found and all(isinstance(value, InputError) for _, value in found):
        raise InputError("reading.json", value=whole, number=getattr(whole, "lineno", 1)) from whole
    return iter(found)


def _first_line_is_whole(text: str) -> bool:
    try:
        json.loads(text.partition("\n")[0])
    except (ValueError, RecursionError):
        return False
    return True


def _of_list(text: str) -> Iterator[Entry]:
    at, line, counted = text.index("[") + 1, 1, 0
    while True:
        while at < len(text) and text[at] in _GAP:
            at += 1
        if at < len(text) and text[at] == "]" and not text[at + 1 :].strip():
            return
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise InputError("reading.json", value=error, number=getattr(error, "lineno", line)) from error
        yield line, value


def _of_lines(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            yield number, InputError("reading.json_line", value=line[:80])
