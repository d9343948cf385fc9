"""Self-play: a simulated user with an agenda of wishes talks to a system that answers only from the database.

Everything is drawn from one seeded generator, so a seed and a database give the same dialogues again. The call always
carries the whole state; a facility is added to the earlier ones, any other wish replaces its predecessor.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chatbot.corpus import phrases as p
from chatbot.corpus import replies as r
from chatbot.corpus.human import HumanWording
from chatbot.corpus.wishes import WishMaker
from chatbot.corpus.wording import Speaker, Wish
from chatbot.hotels.facilities import FACILITIES, match_facility
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.messages import Conversation, Message, call, observation, reply, user

FIELDS = tuple(r.ANSWER)
SLOT_OF = {
    "type": ("type",),
    "price": ("price_range_lower", "price_range_upper"),
    "rating": ("rating_range_lower", "rating_range_upper"),
    "facilities": ("facilities",),
}


@dataclass
class _Dialogue:
    """What has been said, the state, and the hotels in hand."""

    store: HotelStore
    rng: random.Random
    speaker: Speaker
    wishes: WishMaker
    human: HumanWording | None = None
    limit: int = 3
    messages: list[Message] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    focus: int = 0

    def pick(self, table: tuple[str, ...]) -> str:
        return self.rng.choice(table)

    def say(self, utterance: str, answer: str) -> None:
        """A user's turn that needs no search."""
        self.messages += [user(utterance), reply(answer)]

    def search(self, utterance: str, answer: Callable[[], str] | None = None) -> None:
        """A user's turn that changes the state: call, records, reply."""
        query = HotelQuery.parse(self.state)
        self.state = query.arguments()
        found = self.store.search(query, self.limit)
        self.records = found.records if not found.relaxed or self.rng.random() < 0.5 else []
        self.focus = 0
        self.messages += [user(utterance), call(self.state), observation(self.records)]
        self.messages.append(reply((answer or self.recommend)() if self.records else self.pick(r.NOTHING)))

    def recommend(self) -> str:
        """Offer the hotels in hand."""
        values: dict[str, Any] = {}
        for k, record in enumerate(self.records):
            values |= {str(k): record["name"], f"d{k}": self.detail(record, r.DETAIL), f"s{k}": self.detail(record, r.SHORT)}
        text = self.pick(r.RECOMMEND[len(self.records)])
        for key, value in values.items():
            text = text.replace("{" + key + "}", value)
        return text

    def detail(self, record: dict[str, Any], table: tuple[str, ...]) -> str:
        """A few facts of a record, leaving out what it does not hold."""
        if record["price"] is None:
            table = r.DETAIL_NO_PRICE
        if record["rating"] is None:
            table = r.DETAIL_PLAIN if record["price"] is None else ("价格{price}元",)
        return self.fill(self.pick(table), record)

    def fill(self, template: str, record: dict[str, Any], **more: str) -> str:
        """Put a record's values into a template."""
        values = {key: "、".join(v) if isinstance(v, list) else f"{v:g}" if isinstance(v, float) else str(v) for key, v in record.items()}
        return template.format(**values | more)

    def answer(self, topic: str, index: int | None = None) -> str:
        """Answer a question about one of the hotels in hand."""
        self.focus = self.focus if index is None else index
        record = self.records[self.focus]
        table = r.ANSWER if record[topic] or record[topic] == 0 else r.UNKNOWN
        return self.fill(self.pick(table[topic]), record)


def _first(d: _Dialogue) -> None:
    """The first wish: by name (with or without a question), or by constraints."""
    if d.rng.random() < 0.18:
        name = d.speaker.name(d.rng.choice(d.store.hotels).name)
        d.state = {"name": name}
        if d.rng.random() < 0.4:
            topic = d.rng.choice(FIELDS)
            d.search(d.pick(p.GREETINGS) + d.pick(p.NAME_QUESTION[topic]).format(x=name) + d.pick(("", "？", "?", "呢", "啊")), lambda: d.answer(topic))
        else:
            d.search(d.pick(p.GREETINGS) + d.pick(p.NAME_ASK).format(x=name) + d.pick(p.TAILS[:4]))
        return None
    if d.human and d.rng.random() < 0.55:
        return d.search(_human(d, d.human))
    wishes = d.wishes.first()
    _apply(d, wishes)
    return d.search(_initial(d, wishes))


def _human(d: _Dialogue, human: HumanWording) -> str:
    """Wishes in the words of a real user, with values of our own."""
    kinds, template = d.rng.choice(human.wishes)
    wishes: list[Wish] = []
    while len(wishes) < len(kinds):
        wish = d.wishes.bare(kinds[len(wishes)])
        if all(wish.arguments != other.arguments for other in wishes):
            wishes.append(wish)
    _apply(d, wishes)
    return human.fill(template, {kind: [w.text for w in wishes if w.kind == kind] for kind in kinds})


def _apply(d: _Dialogue, wishes: list[Wish]) -> None:
    for wish in wishes:
        for slot in SLOT_OF.get(wish.kind, ()):
            if wish.kind != "facilities":
                d.state.pop(slot, None)
        for key, value in wish.arguments.items():
            d.state[key] = [*d.state.get(key, ()), *(v for v in value if v not in d.state.get(key, ()))] if key == "facilities" else value


def _initial(d: _Dialogue, wishes: list[Wish]) -> str:
    rng = d.rng
    order = sorted(wishes, key=lambda w: (w.kind == "type", rng.random()))
    head = d.pick(p.GREETINGS) + (d.pick(p.CONTEXTS) if rng.random() < 0.5 else "") + d.pick(p.LEADS)
    if rng.random() < 0.55:
        body = "".join(w.text if w.kind == "type" and rng.random() < 0.5 else rng.choice((w.text + "的", w.text + "的", w.text + "，")) for w in order)
        return head + body + d.pick(p.PLACES) + d.pick(p.TAILS)
    rng.shuffle(order)
    lead = [w for w in order if w.kind == "type" and rng.random() < 0.6]
    clauses = [d.pick(p.CLAUSE_LEADS) + w.text + (rng.choice(("", "的")) if w.kind in ("type", "facilities") else "") for w in order if w not in lead]
    text = head + "".join(w.text + rng.choice(("", "的")) for w in lead) + d.pick(p.PLACES)
    return text + rng.choice(("，", "，", "，", " ", "")) + rng.choice(("，", "，并且", "、", "，还要")).join(clauses) + d.pick(p.TAILS)


def _refine(d: _Dialogue) -> None:
    if d.human and d.rng.random() < 0.25:
        before = dict(d.state)
        text = _human(d, d.human)
        if d.state != before:
            return d.search(text)
    wish = d.wishes.another(d.state)
    replaces = any(slot in d.state for slot in SLOT_OF.get(wish.kind, ())) and wish.kind != "facilities"
    _apply(d, [wish])
    extra = ""
    if d.rng.random() < 0.2 and (second := d.wishes.another(d.state)).kind != wish.kind:
        _apply(d, [second])
        extra = d.pick(("，{}", "，而且{}", "，并且{}", "，还要{}")).format(second.text)
    lead = d.pick(p.CONTEXTS) if d.rng.random() < 0.3 else ""
    return d.search(lead + d.pick(p.REPLACE if replaces and d.rng.random() < 0.7 else p.REFINE).format(x=wish.text) + extra)


def _drop(d: _Dialogue) -> None:
    held = [kind for kind, slots in SLOT_OF.items() if any(s in d.state for s in slots)]
    if not held or len(d.state) < 2:
        return _refine(d)
    kind = d.rng.choice(held)
    if kind == "facilities" and d.rng.random() < 0.7:
        gone = d.rng.choice(d.state["facilities"])
        text = d.pick(p.DROP["facility"]).format(x=gone if gone not in FACILITIES or d.rng.random() < 0.5 else d.speaker.facility(gone))
        d.state["facilities"] = [x for x in d.state["facilities"] if x != gone]
        d.state = d.state if d.state["facilities"] else {k: v for k, v in d.state.items() if k != "facilities"}
    else:
        text = d.pick(p.DROP[kind])
        d.state = {k: v for k, v in d.state.items() if k not in SLOT_OF[kind]}
    if not d.state:
        return _start_over(d, text + "，")
    return d.search(text)


def _start_over(d: _Dialogue, lead: str = "") -> None:
    wishes = d.wishes.first()
    _apply(d, wishes)
    d.search(lead + _initial(d, wishes))


def _which(d: _Dialogue) -> tuple[int, str]:
    """A hotel in hand and how the user points at it."""
    index = d.rng.randrange(len(d.records))
    if index == d.focus and d.rng.random() < 0.5:
        return index, d.pick(p.IT)
    if d.rng.random() < 0.3:
        return index, d.speaker.name(d.records[index]["name"])
    return index, d.pick(p.WHICH[index])


def _ask(d: _Dialogue) -> None:
    topic = d.rng.choice(FIELDS)
    if d.human and d.human.questions.get(topic) and d.rng.random() < 0.35:
        return d.say(d.pick(d.human.questions[topic]), d.answer(topic))
    index, word = _which(d)
    link = d.rng.choice(("", "的", "")) if topic in ("phone", "address", "price", "rating") else ""
    text = d.pick(("", "", "请问", "那", "好的，", "嗯，", "")) + word + link + d.pick(p.QUESTION[topic]) + d.pick(("", "？", "?", "呢？", "啊"))
    return d.say(text, d.answer(topic, index))


def _ask_has(d: _Dialogue) -> None:
    name = d.rng.choice(FACILITIES)
    index, word = _which(d)
    if word == "酒店":
        word = "这家酒店"
    phrase = d.speaker.facility(name)
    d.focus, record = index, d.records[index]
    held = match_facility(name) & set(record["facilities"])
    d.say(d.pick(p.HAS).format(w=word, x=phrase), d.fill(d.pick(r.YES if held else r.NO), record, x=name))


def _compare(d: _Dialogue) -> None:
    topic, asked, said, best = d.rng.choice((("price", p.CHEAPEST, r.CHEAPEST, min), ("rating", p.BEST, r.BEST, max)))
    known = [x for x in d.records if x[topic] is not None]
    if len(known) < 2:
        return _ask(d)
    record = best(known, key=lambda x: x[topic])
    d.focus = d.records.index(record)
    return d.say(d.pick(asked) + d.pick(("？", "", "呢", "?")), d.fill(d.pick(said), record))


def _book(d: _Dialogue) -> None:
    index, word = _which(d)
    d.focus, record = index, d.records[index]
    table = r.BOOKED if record["phone"] else (r.BOOKED[0], r.BOOKED[2])
    d.say(d.pick(p.BOOK).format(x=word), d.fill(d.pick(table), record))


def _chat(d: _Dialogue) -> None:
    asked, said = d.rng.choice(((p.HELLOS, r.HELLO), (p.OFF_TOPIC, r.REFUSE)))
    d.say(d.pick(asked), d.pick(said))


def _close(d: _Dialogue) -> None:
    if d.rng.random() < 0.7:
        d.say(d.pick(d.human.thanks if d.human and d.rng.random() < 0.5 else p.THANKS), d.pick(r.WELCOME))
    if d.rng.random() < 0.3:
        d.say(d.pick(p.BYES), d.pick(r.BYE))


_WITH_RECORDS = ((_refine, 30), (_drop, 7), (_ask, 30), (_ask_has, 10), (_compare, 6), (_book, 5), (_chat, 3), (_start_over, 3))
_WITHOUT = ((_refine, 40), (_drop, 40), (_chat, 5))


def dialogue(
    store: HotelStore, rng: random.Random, *, spoken: bool = True, turns: int | None = None, human: HumanWording | None = None, limit: int = 3
) -> list[Message]:
    """One dialogue of `turns` agenda steps after the first (drawn where None); `limit` hotels are shown at most."""
    speaker = Speaker(rng, spoken)
    d = _Dialogue(store, rng, speaker, WishMaker(rng, speaker, store), human, limit)
    if rng.random() < 0.06:
        _chat(d)
    _first(d)
    steps = rng.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6)) if turns is None else turns
    for _ in range(steps):
        table = _WITH_RECORDS if d.records else _WITHOUT
        step = rng.choices([f for f, _ in table], [w for _, w in table])[0]
        if len(d.state.get("facilities", ())) > 3:
            step = _drop
        step(d)
    if turns is None and rng.random() < 0.35:
        _close(d)
    return d.messages


def selfplay(
    store: HotelStore, n: int, seed: int, *, spoken: float = 0.8, turns: int | None = None, human: HumanWording | None = None
) -> Iterator[Conversation]:
    """`n` conversations; a share `spoken` of the users speaks colloquially, the others in canonical words.

    `turns` fixes the number of steps after the first; `human` mixes in real users' templates.
    """
    for i in range(n):
        rng = random.Random(f"{seed}-{i}")
        messages = dialogue(store, rng, spoken=rng.random() < spoken, turns=turns, human=human)
        name = f"selfplay-{seed}-{i}"
        yield Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=messages)
