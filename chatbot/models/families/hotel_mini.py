"""The hotel-mini family: a compact format in which replies point at record values instead of spelling them.

A reply writes `<|1.phone|>` where a person reads the first hotel's phone number. A six-million-parameter model cannot be
trusted to copy eleven digits, but it can learn which field of which hotel is meant; the value is filled in from the record.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chatbot.core.errors import CallParseError
from chatbot.core.messages import Message, call, reply
from chatbot.models.families.family import Family, Piece

USER, ASSISTANT, CALL, RECORDS, END, PAD = "<|user|>", "<|assistant|>", "<|call|>", "<|records|>", "<|end|>", "<|pad|>"
FIELDS = (
    "name",
    "type",
    "price",
    "rating",
    "facilities",
    "phone",
    "address",
    "subway",
    "nearby_attractions",
    "nearby_restaurants",
)
SPELLED = ("name", "type", "price", "rating", "facilities")
"""Fields whose values the model sees; of the others it sees only that there is a value."""
HOTELS = 3
REFERENCES = tuple(f"<|{k}.{field}|>" for k in range(1, HOTELS + 1) for field in FIELDS)
SPECIAL_TOKENS = (PAD, END, USER, ASSISTANT, CALL, RECORDS, *REFERENCES)
REFERENCE = re.compile(r"<\|([1-9])\.([a-z_]+)\|>")
_UNIT = {"price": r"(?=\s*元|块)", "rating": r"(?=\s*分)"}


def value(record: dict[str, Any], field: str) -> str:
    """A record's field as a person reads it; "" where the record holds nothing."""
    found = record.get(field)
    if isinstance(found, list | tuple):
        return "、".join(str(x) for x in found)
    if isinstance(found, float):
        return f"{found:g}"
    return "" if found is None else str(found)


def fill(text: str, messages: Sequence[Message]) -> str:
    """Replace references by the values of the latest records: 暂无 for a value that is not known, and no change where no such hotel is there."""
    records = latest_records(messages)

    def one(match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        return value(records[index], match[2]) or "暂无" if index < len(records) else match[0]

    return REFERENCE.sub(one, text)


def latest_records(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The hotels of the last tool message that are shown to the model."""
    return next((m.records[:HOTELS] for m in reversed(messages) if m.role == "tool"), [])


def _patterns(records: Sequence[dict[str, Any]]) -> dict[str, list[tuple[int, str]]]:
    """Value → the (hotel, field) pairs that hold it."""
    out: dict[str, list[tuple[int, str]]] = {}
    for index, record in enumerate(records):
        for field in FIELDS:
            if field != "type" and (text := value(record, field)):
                out.setdefault(text, []).append((index, field))
    return out


def _alternatives(patterns: dict[str, list[tuple[int, str]]]) -> str:
    """One regular expression, longest value first; bare numbers count only before their unit."""
    parts = []
    for text in sorted(patterns, key=len, reverse=True):
        fields = {field for _, field in patterns[text]}
        unit = next((_UNIT[f] for f in _UNIT if fields == {f}), "")
        parts.append(rf"(?<![\d.\-]){re.escape(text)}{unit}" if unit else re.escape(text))
    return "|".join(parts)


def refer(text: str, records: Sequence[dict[str, Any]]) -> Iterator[Piece]:
    """A reply as trained pieces with record values as references: the inverse of `fill`.

    A value that several hotels share belongs to the hotel that was named last before it.
    """
    patterns = _patterns(records)
    current, position = 0, 0
    for match in re.finditer(_alternatives(patterns), text) if patterns else ():
        pairs = patterns[match[0]]
        index, field = next((p for p in pairs if p[0] == current), pairs[0])
        current = index
        if match.start() > position:
            yield Piece(text=text[position : match.start()], trained=True)
        yield Piece(token=f"<|{index + 1}.{field}|>", trained=True)
        position = match.end()
    if position < len(text):
        yield Piece(text=text[position:], trained=True)


def _records(records: Sequence[dict[str, Any]]) -> Iterator[Piece]:
    yield Piece(token=RECORDS)
    for k, record in enumerate(records[:HOTELS], 1):
        for field in FIELDS:
            if text := value(record, field):
                yield Piece(token=f"<|{k}.{field}|>")
                if field in SPELLED:
                    yield Piece(text=text)


def _assistant(message: Message, records: Sequence[dict[str, Any]]) -> Iterator[Piece]:
    yield Piece(token=ASSISTANT)
    if message.call:
        yield Piece(token=CALL, trained=True)
        yield Piece(text=json.dumps(message.call.arguments, ensure_ascii=False, separators=(",", ":")), trained=True)
    else:
        yield from refer(message.content, records)
    yield Piece(token=END, trained=True)


def pieces(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """Messages as pieces. The one function is built into the format, so `tools` and system messages add nothing."""
    out: list[Piece] = []
    records: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "user":
            out += [Piece(token=USER), Piece(text=message.content)]
        elif message.role == "tool":
            records = message.records[:HOTELS]
            out += _records(records)
        elif message.role == "assistant":
            out += _assistant(message, records)
    return out


def prompt(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """The pieces up to where the model starts to write."""
    return [*pieces(messages, tools), Piece(token=ASSISTANT)]


def read(text: str, messages: Sequence[Message]) -> Message:
    """Generated text → call or reply.

    Raises:
        CallParseError: what follows the call mark is not one JSON object.
    """
    body = text.split(END, maxsplit=1)[0]
    if not body.startswith(CALL):
        return reply(fill(body, messages).strip())
    try:
        arguments = json.loads(body.removeprefix(CALL))
    except (json.JSONDecodeError, RecursionError) as error:
        raise CallParseError("models.call_no_object", value=body) from error
    if not isinstance(arguments, dict):
        raise CallParseError("models.call_arguments", value=body)
    return call(arguments)


def is_call(text: str) -> bool | None:
    """The first token tells."""
    return text.startswith(CALL) if text else None


HOTEL_MINI = Family(
    name="hotel-mini",
    pieces=pieces,
    prompt=prompt,
    read=read,
    is_call=is_call,
    stops=(END, USER),
    visible=fill,
    call_start=CALL,
    special_tokens=SPECIAL_TOKENS,
)
