"""What a simulated user wants: wishes drawn around a hotel of the database, so that most searches find something."""

import random
from dataclasses import dataclass, field

from chatbot.corpus.selfplay import phrases as p
from chatbot.corpus.selfplay.speaker import Speaker, Wish
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

KINDS = (("type", 30), ("price", 34), ("rating", 26), ("facilities", 36), ("place", 3), ("sort", 3))
SORTS = {
    ("price", "asc"): ("便宜的优先", "按价格从低到高排", "价格最低", "最便宜"),
    ("rating", "desc"): ("评分高的优先", "按评分从高到低排", "评分最高", "口碑最好"),
}


@dataclass
class WishMaker:
    """Draws wishes around one target hotel; one wish in five ignores it, so that some searches find nothing."""

    rng: random.Random
    speaker: Speaker
    store: HotelStore
    target: Hotel = field(init=False)

    def __post_init__(self) -> None:
        self.target = self.rng.choice(self.store.hotels)

    def first(self) -> list[Wish]:
        """One to four wishes of different kinds (facilities may come twice)."""
        self.target = self.rng.choice(self.store.hotels)
        count = self.rng.choices((1, 2, 3, 4), (38, 38, 19, 5))[0]
        kinds: list[str] = []
        while len(kinds) < count:
            kind = self._kind()
            if kind not in kinds or (kind == "facilities" and kinds.count(kind) < 2):
                kinds.append(kind)
        wishes: list[Wish] = []
        for kind in kinds:
            wish = self.wish(kind)
            if all(wish.arguments != other.arguments for other in wishes):
                wishes.append(wish)
        return wishes

    def another(self, state: dict[str, object]) -> Wish:
        """A wish that changes the state."""
        while True:
            wish = self.wish(self._kind())
            held = state.get("facilities") or ()
            if (
                wish.kind == "facilities"
                and isinstance(held, list | tuple)
                and set(wish.arguments["facilities"]) <= set(held)
            ):
                continue
            if wish.kind == "facilities" or any(state.get(k) != v for k, v in wish.arguments.items()):
                return wish

    def _kind(self) -> str:
        kinds = KINDS if self.speaker.colloquial else KINDS[:4]
        return self.rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0]

    def wish(self, kind: str) -> Wish:
        """A wish of one kind in the speaker's words."""
        return {
            "type": self._type,
            "price": self._price,
            "rating": self._rating,
            "facilities": self._facility,
            "place": self._place,
            "sort": self._sort,
        }[kind]()

    def bare(self, kind: str) -> Wish:
        """A wish worded as a noun, as CrossWOZ's templates expect: 400-500元, 4.5分以上, 经济型, 叫醒服务."""
        wish = self.wish(kind)
        if kind == "type":
            return wish
        if kind == "facilities":
            name = wish.arguments["facilities"][0]
            return Wish(kind, wish.arguments, self.speaker.facility_noun(name) if name in FACILITIES else name)
        lower, upper = (wish.arguments.get(f"{kind}_range_{end}") for end in ("lower", "upper"))
        return Wish(kind, wish.arguments, self.speaker.bound(kind, lower, upper))

    def _type(self) -> Wish:
        name = (
            self.target.type
            if self.target.type in HOTEL_TYPES and self.rng.random() < 0.6
            else self.rng.choice(HOTEL_TYPES)
        )
        return Wish("type", {"type": name}, self.speaker.type(name))

    def _price(self) -> Wish:
        rng = self.rng
        price = (
            int(self.target.price) if self.target.price is not None and rng.random() < 0.8 else rng.randrange(80, 1500)
        )
        form = rng.choices(
            ("band", "most", "least", "about", "odd"),
            (40, 28, 18, 6, 8) if self.speaker.colloquial else (80, 0, 20, 0, 0),
        )[0]
        low = max(100, price // 100 * 100)
        if form == "band":
            upper = low + rng.choice((100, 100, 100, 200, 300)) if self.speaker.colloquial else low + 100
            return Wish("price", {"price_range_lower": low, "price_range_upper": upper}, self.speaker.price(low, upper))
        if form == "about":
            middle = max(100, round(price / 50) * 50)
            return Wish(
                "price",
                {"price_range_lower": middle - 50, "price_range_upper": middle + 50},
                self.speaker.about(middle),
            )
        if form == "odd":
            lower, upper = sorted((price + rng.randrange(-60, -5), price + rng.randrange(5, 90)))
            lower = max(20, lower)
            return Wish(
                "price", {"price_range_lower": lower, "price_range_upper": upper}, self.speaker.price(lower, upper)
            )
        step = rng.choice((100, 100, 100, 50, 10, 1)) if self.speaker.colloquial else 100
        if form == "least":
            bound = max(step, min(price, 1500) // step * step)
            return Wish("price", {"price_range_lower": bound}, self.speaker.price(bound, None))
        bound = -(-price // step) * step + rng.choice((0, 0, step))
        return Wish("price", {"price_range_upper": bound}, self.speaker.price(None, bound))

    def _rating(self) -> Wish:
        form = self.rng.choices(("least", "exact", "most"), (72, 18, 10))[0]
        if form == "exact":
            value = self.rng.choice((5.0, 5.0, 4.8, 4.5, 4.0, 4.6))
            return Wish(
                "rating", {"rating_range_lower": value, "rating_range_upper": value}, self.speaker.rating(value, value)
            )
        if form == "most":
            value = self.rng.choice((4.5, 4.0, 4.2, 4.8))
            return Wish("rating", {"rating_range_upper": value}, self.speaker.rating(None, value))
        value = self.rng.choice((4.5, 4.5, 4.5, 4.0, 4.0, 3.0, 3.5, 4.2, 4.3, 4.6, 4.7, 4.8, 4.9, 4.4))
        return Wish("rating", {"rating_range_lower": value}, self.speaker.rating(value, None))

    def _facility(self) -> Wish:
        roll = self.rng.random() if self.speaker.colloquial else 1.0
        if roll < 0.1:
            words = self.rng.choice(p.UNKNOWN_FACILITIES if roll < 0.05 else p.GROUP_FACILITIES)
            lead = "" if words.startswith(("能", "可以", "有")) else self.rng.choice(("有", "带", "提供"))
            return Wish("facilities", {"facilities": [words.removeprefix("有")]}, lead + words)
        mine = [f for f in self.target.facilities if f in FACILITIES]
        name = self.rng.choice(mine) if mine and self.rng.random() < 0.6 else self.rng.choice(FACILITIES)
        return Wish("facilities", {"facilities": [name]}, self.speaker.facility(name))

    def _place(self) -> Wish:
        if self.target.subway and self.rng.random() < 0.5:
            station = self.target.subway.split("地铁站")[0][:8]
            return Wish(
                "place",
                {"subway": station},
                self.rng.choice(("在{}地铁站附近", "离{}地铁站近", "挨着{}地铁站", "{}地铁站旁边")).format(station),
            )
        district = self.target.address.removeprefix("北京").removeprefix("市").split("区")[0] + "区"
        district = district if len(district) <= 5 else "朝阳区"
        return Wish(
            "place", {"address": district}, self.rng.choice(("在{}", "位于{}", "{}这边", "{}附近")).format(district)
        )

    def _sort(self) -> Wish:
        (by, order), texts = self.rng.choice(list(SORTS.items()))
        return Wish("sort", {"sort_by": by, "sort_order": order}, self.rng.choice(texts))
