"""One hotel, and reading hotels from a file in CrossWOZ's hotel_db.json form, which is untrusted until it validates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_serializer

from chatbot.core.errors import HotelFileError, InputError
from chatbot.core.files import UTF8, check_values, decode, parts
from chatbot.core.plain_text import plain
from chatbot.hotels.fields import meant

NEARBY = 5
"""How many attractions and restaurants of a hotel are kept: as many as a record shows."""


def _number(value: object) -> object:
    """Blank means unknown."""
    return None if isinstance(value, str) and not value.strip() else value


def _clean(value: object) -> object:
    """Without space around and what cannot be seen; text that no UTF-8 file can hold (half of a surrogate pair) is refused with a ValueError."""
    if isinstance(value, str):
        value.encode()
        return plain(value).strip()
    return value


def _text(value: object) -> object:
    return "" if value is None else _clean(value)


def _words(value: object) -> object:
    """Missing lists are empty; the real file holds whitespace-only facilities."""
    if not isinstance(value, list):
        return [] if value is None else value
    return [word for word in map(_clean, value) if word != ""]


def _once(words: list[str]) -> list[str]:
    return list(dict.fromkeys(words))


Text = Annotated[str, BeforeValidator(_text), Field(max_length=500)]
Words = Annotated[list[str], BeforeValidator(_words), AfterValidator(_once)]
Nearby = Annotated[Words, AfterValidator(lambda places: places[:NEARBY])]
Name = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=120)]
Price = Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, BeforeValidator(_number)]
Rating = Annotated[Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None, BeforeValidator(_number)]


class Hotel(BaseModel):
    """A hotel; price in CNY a night and rating 0–5, None where unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True)

    name: Name = Field(validation_alias="名称", serialization_alias="名称")
    type: Text = Field("", validation_alias="酒店类型", serialization_alias="酒店类型")
    address: Text = Field("", validation_alias="地址", serialization_alias="地址")
    subway: Text = Field("", validation_alias="地铁", serialization_alias="地铁")
    phone: Text = Field("", validation_alias="电话", serialization_alias="电话")
    facilities: Words = Field([], validation_alias="酒店设施", serialization_alias="酒店设施")
    price: Price = Field(None, validation_alias="价格", serialization_alias="价格")
    rating: Rating = Field(None, validation_alias="评分", serialization_alias="评分")
    nearby_attractions: Nearby = Field([], validation_alias="周边景点", serialization_alias="周边景点")
    nearby_restaurants: Nearby = Field([], validation_alias="周边餐馆", serialization_alias="周边餐馆")

    @field_serializer("price")
    def _whole(self, price: float | None) -> float | int | None:
        return int(price) if price is not None and price.is_integer() else price

    def record(self) -> dict[str, Any]:
        """What the model and people see; whole prices are int."""
        return self.model_dump()

    def entry(self) -> dict[str, Any]:
        """The fields as a file in CrossWOZ's form has them."""
        return {"领域": "酒店", **self.model_dump(by_alias=True), "周边酒店": []}


def read_hotels(path: Path) -> Iterator[Hotel]:
    """Read the hotels of a file in our form one by one, whole or not at all; hotels/preview.py reads others, and asks.

    Raises:
        HotelFileError: the file cannot be read, is empty, or an entry does not validate; the message names the entry.
    """
    try:
        part = next(parts(path))
        text, encoding = decode(part)
        check_values(text)
        entries = None if part.packed else json.loads(text)
    except InputError as error:
        raise HotelFileError("hotels.unreadable", value=error.__cause__ or error.value, path=path) from error
    except (StopIteration, ValueError, RecursionError) as error:
        raise HotelFileError("hotels.unreadable", value=error, path=path) from error
    if encoding != UTF8:
        raise HotelFileError("hotels.other_encoding", path=path, encoding=encoding.upper())
    if not isinstance(entries, list) or not entries:
        raise HotelFileError("hotels.no_list", path=path)
    for number, entry in enumerate(entries, 1):
        yield _hotel(entry, path, number)


def _hotel(entry: object, path: Path, number: int) -> Hotel:
    if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and isinstance(entry[1], dict)):
        raise HotelFileError("hotels.no_pair", value=entry, path=path, entry=number)
    name, fields = entry
    if other := next(((key, field) for key in fields if (field := meant(key)) and field not in fields), None):
        key, field = other
        raise HotelFileError("hotels.other_key", value=key, path=path, entry=number, name=name[:40], field=field)
    try:
        return Hotel.model_validate({"名称": name} | fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise HotelFileError(
            "hotels.bad_field",
            value=first["input"],
            path=path,
            entry=number,
            name=name[:40],
            field=field,
            reason=first["msg"],
        ) from error
