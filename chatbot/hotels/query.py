"""HotelQuery: the arguments of search_hotels, their validation, and the dialogue state they make up."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chatbot.core.errors import QueryError

HotelType = Literal["豪华型", "高档型", "舒适型", "经济型"]
HOTEL_TYPES: tuple[str, ...] = get_args(HotelType)
SortBy = Literal["price", "rating"]
FACILITY = Annotated[str, Field(min_length=1, max_length=40)]


def _type(value: object) -> object:
    """Short forms (经济, 经济酒店) occur in people's data: take them for the full ones."""
    if not isinstance(value, str):
        return value
    return next((t for t in HOTEL_TYPES if value.strip().startswith(t[:2])), value)


def _blank(value: object) -> object:
    """Models write "" or null for a wish that is not there."""
    return None if isinstance(value, str) and not value.strip() else value.strip() if isinstance(value, str) else value


def _any_of(value: object) -> object:
    """A list of facilities, any of which is enough; of one, it is that one."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError("neither a facility nor a list of facilities")
    words = tuple(dict.fromkeys(value))
    return words[0] if len(words) == 1 else words


def _listed(value: object) -> object:
    """A single value for a list of one, null for none, a value more than once: models write all of them."""
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return list(dict.fromkeys(value))
    return () if value is None else [value] if isinstance(value, str) else value


Text = Annotated[Annotated[str, Field(max_length=80)] | None, BeforeValidator(_blank)]
Price = Annotated[Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None, BeforeValidator(_blank)]
Rating = Annotated[Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None, BeforeValidator(_blank)]


FacilityWish = Annotated[
    FACILITY | Annotated[tuple[FACILITY, ...], Field(min_length=1, max_length=12)], BeforeValidator(_any_of)
]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Exclusion(BaseModel):
    """What rules a hotel out: one of these types, one of these names, one of these facilities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[tuple[Annotated[HotelType, BeforeValidator(_type)], ...], BeforeValidator(_listed)] = Field(
        (), description="不要的酒店类型", max_length=4
    )
    name: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = Field(
        (), description="不要的酒店，可以是简称", max_length=12
    )
    facilities: Annotated[tuple[FACILITY, ...], BeforeValidator(_listed)] = Field(
        (), description="酒店不能有的设施", max_length=12
    )

    def arguments(self) -> dict[str, list[str]]:
        """The lists that are not empty, in the tool's order."""
        return {key: list(words) for key, words in self if words}


def _some(exclude: Exclusion | None) -> Exclusion | None:
    """An exclusion of nothing is none."""
    return exclude if exclude and exclude.arguments() else None


class HotelQuery(BaseModel):
    """The whole dialogue state as a search: every field is optional, bounds are inclusive.

    Prices are CNY a night, ratings 0–5. `facilities` may hold the user's own words; all of them must hold, and of several
    in a tuple any one. docs/semantics.md says what each argument means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = Field(None, description="酒店名称，可以是简称")
    type: Annotated[HotelType | None, BeforeValidator(_type), BeforeValidator(_blank)] = Field(
        None, description="酒店类型"
    )
    facilities: tuple[FacilityWish, ...] = Field(
        (), description="酒店必须提供的设施，可以用用户的原话；一项是列表时，有其中任意一种即可", max_length=12
    )
    price_range_lower: Price = Field(None, description="每晚价格下限（元，含）")
    price_range_upper: Price = Field(None, description="每晚价格上限（元，含）")
    rating_range_lower: Rating = Field(None, description="评分下限（0–5，含）")
    rating_range_upper: Rating = Field(None, description="评分上限（0–5，含）")
    address: Text = Field(None, description="地址中的关键词")
    subway: Text = Field(None, description="地铁站名中的关键词")
    near: Text = Field(None, description="附近的景点、学校、医院或机场")
    exclude: Annotated[Exclusion | None, AfterValidator(_some)] = Field(None, description="用户不要的")
    sort_by: SortBy | None = Field(None, description="排序依据")
    sort_order: Literal["asc", "desc"] | None = Field(None, description="asc 从低到高，desc 从高到低")

    @model_validator(mode="after")
    def _bounds(self) -> "HotelQuery":
        for field in ("price_range", "rating_range"):
            lower, upper = getattr(self, f"{field}_lower"), getattr(self, f"{field}_upper")
            if lower is not None and upper is not None and lower > upper:
                raise ValueError(f"{field}_lower {lower:g} is above {field}_upper {upper:g}")
        return self

    @classmethod
    def parse(cls, arguments: dict[str, Any]) -> "HotelQuery":
        """Validate the untrusted arguments of a call.

        Raises:
            QueryError: naming the argument and its value.
        """
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "arguments"
            raise QueryError(
                "hotels.query", value=first["input"], field=where, reason=first["msg"], known=list(cls.model_fields)
            ) from error

    def arguments(self) -> dict[str, Any]:
        """The arguments that are set, in the tool's order, as JSON has them: whole numbers as int, lists for tuples."""
        out: dict[str, Any] = {}
        for key, value in self:
            if isinstance(value, Exclusion):
                out[key] = value.arguments()
            elif isinstance(value, tuple):
                out |= {key: [wish if isinstance(wish, str) else list(wish) for wish in value]} if value else {}
            elif value is not None:
                out[key] = int(value) if isinstance(value, float) and value.is_integer() else value
        return out

    def changes(self, previous: "HotelQuery") -> dict[str, Literal["new", "changed", "dropped", "kept"]]:
        """What became of each argument since the previous state."""
        now, before = self.arguments(), previous.arguments()
        out: dict[str, Literal["new", "changed", "dropped", "kept"]] = {}
        for key in HotelQuery.model_fields:
            if key in now:
                out[key] = "new" if key not in before else "kept" if now[key] == before[key] else "changed"
            elif key in before:
                out[key] = "dropped"
        return out


def _strings(items: dict[str, Any], description: str | None) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": description}


def _property(name: str) -> dict[str, Any]:
    description = HotelQuery.model_fields[name].description
    word = {"type": "string"}
    if name == "facilities":
        return _strings({"anyOf": [word, {"type": "array", "items": word}]}, description)
    if name == "exclude":
        of_type = {"type": {"type": "string", "enum": list(HOTEL_TYPES)}}
        fields = {key: _strings(of_type.get(key, word), f.description) for key, f in Exclusion.model_fields.items()}
        return {"type": "object", "properties": fields, "description": description}
    if name.startswith(("price", "rating")):
        bound = {"maximum": 5} if name.startswith("rating") else {}
        return {"type": "number", "minimum": 0, **bound, "description": description}
    enum = {"type": list(HOTEL_TYPES), "sort_by": list(get_args(SortBy)), "sort_order": ["asc", "desc"]}.get(name)
    return {"type": "string", **({"enum": enum} if enum else {}), "description": description}


SEARCH_HOTELS: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "search_hotels",
        "description": "根据用户的全部需求查询酒店",
        "parameters": {
            "type": "object",
            "properties": {name: _property(name) for name in HotelQuery.model_fields},
            "required": [],
        },
    },
}
"""The tool's schema in OpenAI form: what goes into every conversation's `tools`."""
