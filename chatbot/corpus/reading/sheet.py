"""Conversations from a table that a person filled in: a row an exchange, what is to be searched for in columns of its own."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Conversation, Message, call, reply, user
from chatbot.core.sheets import Sheet, write_sheet
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "dialogue": ("对话编号", "对话", "编号", "会话", "dialogue", "conversation", "id"),
        "user": ("用户", "用户的话", "用户说", "顾客", "客人", "问", "问题", "user", "question"),
        "reply": ("回复", "助手", "助手回复", "客服", "回答", "答", "reply", "assistant", "answer"),
        "name": ("酒店名", "酒店名称", "hotel", "name"),
        "type": ("酒店类型", "类型", "type"),
        "facilities": ("设施", "酒店设施", "facilities"),
        "price_range_lower": ("价格下限", "最低价", "price_range_lower", "price from"),
        "price_range_upper": ("价格上限", "最高价", "price_range_upper", "price to"),
        "rating_range_lower": ("评分下限", "最低评分", "rating_range_lower", "rating from"),
        "rating_range_upper": ("评分上限", "最高评分", "rating_range_upper", "rating to"),
        "address": ("地址", "区域", "address"),
        "subway": ("地铁", "地铁站", "subway"),
    }
)
"""What a column is taken for: by these headers, the first of which stands in the template."""
NEEDED = ("user", "reply")
_TEXTS = ("name", "type", "address", "subway")
_NUMBERS = tuple(field for field in COLUMNS if "_range_" in field)
_APART = re.compile(r"[、，,;；/\s]+")
_UNIT = re.compile(r"[¥￥元块分\s]|RMB|CNY", re.IGNORECASE)
_EXAMPLES = (
    ("1", "想找三百以内能打麻将的经济型酒店", "这里写助手的回复", "", "经济型", "打麻将", "", "300"),
    ("1", "它的电话是多少？", "不用查询的一句，后面的列就空着"),
    ("2", "有没有四分半以上、带早餐的？", "每段对话用一个编号", "", "", "早餐", "", "", "4.5"),
)


def recognised(header: tuple[str, ...], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each column is taken for, "" where it is not used.

    Args:
        chosen: field → header, as a person mapped them; the other columns are recognised by their headers.
    """
    by_hand = {name: field for field, name in (chosen or {}).items() if name}
    known = {name.casefold(): field for field, names in COLUMNS.items() for name in names}
    out: dict[str, str] = {}
    for name in header:
        field = by_hand.get(name) or known.get(name.casefold(), "")
        is_free = name in by_hand or (field not in out.values() and field not in by_hand.values())
        out[name] = field if is_free else ""
    return out


def conversations(
    sheet: Sheet, columns: Mapping[str, str], name: str
) -> Iterator[tuple[int, Conversation | InputError]]:
    """Each dialogue with its first row's number, or with that of the row for which it is left out. Calls have no result yet.

    A row without a dialogue's number goes on with the dialogue above it.
    """
    groups: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    last = ""
    for number, cells in sheet.rows:
        row = {field: cells.get(header, "") for header, field in columns.items() if field}
        last = row.get("dialogue") or last or str(number)
        key = last if "dialogue" in row else str(number)
        groups[key].append((number, row))
    for key, rows in groups.items():
        number = rows[0][0]
        messages: list[Message] = []
        try:
            for number, row in rows:  # noqa: B007
                messages += _exchange(row)
        except InputError as error:
            yield number, error
            continue
        own = f"{name}-{key}"
        yield (
            number,
            Conversation(id=own, source=own, tools=[SEARCH_HOTELS], messages=messages, meta={"origin": "sheet"}),
        )


def _exchange(row: Mapping[str, str]) -> list[Message]:
    for field in NEEDED:
        if not row.get(field):
            raise InputError("reading.sheet_blank", column=COLUMNS[field][0])
    arguments = _arguments(row)
    return [user(row["user"]), *([call(arguments)] if arguments else []), reply(row["reply"])]


def _arguments(row: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the row's search; {} where it has none.

    Raises:
        InputError: a number is none, or the search does not validate.
    """
    out: dict[str, Any] = {field: row[field] for field in _TEXTS if row.get(field)}
    if words := [word for word in _APART.split(row.get("facilities", "")) if word]:
        out["facilities"] = words
    for field in _NUMBERS:
        if text := row.get(field):
            out[field] = _number(text, COLUMNS[field][0])
    try:
        return HotelQuery.parse(out).arguments() if out else {}
    except QueryError as error:
        raise InputError("reading.sheet_search", reason=error) from error


def _number(text: str, column: str) -> float:
    try:
        value = float(_UNIT.sub("", text))
    except ValueError as error:
        raise InputError("reading.sheet_number", value=text, column=column) from error
    return int(value) if value.is_integer() else value


def template() -> bytes:
    """An Excel file to fill in: the headers, and three rows that show how."""
    header = [names[0] for names in COLUMNS.values()]
    return write_sheet([header, *_EXAMPLES], widths=[10, 44, 44, *[12] * (len(header) - 3)])
