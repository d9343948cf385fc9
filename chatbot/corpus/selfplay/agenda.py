"""The steps of a simulated user's agenda: first wishes, more wishes, questions, comparisons, good-byes."""

from chatbot.corpus.selfplay import phrases as p
from chatbot.corpus.selfplay import replies as r
from chatbot.corpus.selfplay.dialogue import FIELDS, SLOT_OF, Dialogue
from chatbot.corpus.selfplay.human_wording import HumanWording
from chatbot.corpus.selfplay.speaker import Wish
from chatbot.hotels.facilities import FACILITIES, fulfilling


def first_wishes(d: Dialogue) -> None:
    """The first wish: by name (with or without a question), or by constraints."""
    if d.rng.random() < 0.18:
        name = d.speaker.name(d.rng.choice(d.store.hotels).name)
        d.state = {"name": name}
        if d.human and d.rng.random() < 0.25:
            topics, text = d.rng.choice(d.human.named)
            d.search(text.format(x=name), lambda: d.answers(topics))
        elif d.rng.random() < 0.4:
            topic = d.rng.choice(FIELDS)
            d.search(
                d.pick(p.GREETINGS)
                + d.pick(p.NAME_QUESTION[topic]).format(x=name)
                + d.pick(("", "？", "?", "呢", "啊")),
                lambda: d.answer(topic),
            )
        else:
            d.search(d.pick(p.GREETINGS) + d.pick(p.NAME_ASK).format(x=name) + d.pick(p.TAILS[:4]))
        return None
    if d.human and d.rng.random() < 0.55:
        return d.search(_human(d, d.human))
    wishes = d.wishes.first()
    _apply(d, wishes)
    return d.search(_initial(d, wishes))


def _human(d: Dialogue, human: HumanWording) -> str:
    """Wishes in the words of a real user, with values of our own."""
    kinds, template = d.rng.choice(human.wishes)
    wishes: list[Wish] = []
    while len(wishes) < len(kinds):
        wish = d.wishes.bare(kinds[len(wishes)])
        if all(wish.arguments != other.arguments for other in wishes):
            wishes.append(wish)
    _apply(d, wishes)
    return human.fill(template, {kind: [w.text for w in wishes if w.kind == kind] for kind in kinds})


def _apply(d: Dialogue, wishes: list[Wish]) -> None:
    for wish in wishes:
        for slot in SLOT_OF.get(wish.kind, ()):
            if wish.kind != "facilities":
                d.state.pop(slot, None)
        for key, value in wish.arguments.items():
            d.state[key] = (
                [*d.state.get(key, ()), *(v for v in value if v not in d.state.get(key, ()))]
                if key == "facilities"
                else value
            )


def _initial(d: Dialogue, wishes: list[Wish]) -> str:
    rng = d.rng
    order = sorted(wishes, key=lambda w: (w.kind == "type", rng.random()))
    head = d.pick(p.GREETINGS) + (d.pick(p.CONTEXTS) if rng.random() < 0.5 else "") + d.pick(p.LEADS)
    if rng.random() < 0.55:
        body = "".join(
            w.text
            if w.kind == "type" and rng.random() < 0.5
            else rng.choice((w.text + "的", w.text + "的", w.text + "，"))
            for w in order
        )
        return head + body + d.pick(p.PLACES) + d.pick(p.TAILS)
    rng.shuffle(order)
    lead = [w for w in order if w.kind == "type" and rng.random() < 0.6]
    clauses = [
        d.pick(p.CLAUSE_LEADS) + w.text + (rng.choice(("", "的")) if w.kind in ("type", "facilities") else "")
        for w in order
        if w not in lead
    ]
    text = head + "".join(w.text + rng.choice(("", "的")) for w in lead) + d.pick(p.PLACES)
    return (
        text
        + rng.choice(("，", "，", "，", " ", ""))
        + rng.choice(("，", "，并且", "、", "，还要")).join(clauses)
        + d.pick(p.TAILS)
    )


def _refine(d: Dialogue) -> None:
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
    return d.search(
        lead + d.pick(p.REPLACE if replaces and d.rng.random() < 0.7 else p.REFINE).format(x=wish.text) + extra
    )


def _drop(d: Dialogue) -> None:
    held = [kind for kind, slots in SLOT_OF.items() if any(s in d.state for s in slots)]
    if not held or len(d.state) < 2:
        return _refine(d)
    kind = d.rng.choice(held)
    if kind == "facilities" and d.rng.random() < 0.7:
        gone = d.rng.choice(d.state["facilities"])
        text = d.pick(p.DROP["facility"]).format(
            x=gone if gone not in FACILITIES or d.rng.random() < 0.5 else d.speaker.facility(gone)
        )
        d.state["facilities"] = [x for x in d.state["facilities"] if x != gone]
        d.state = d.state if d.state["facilities"] else {k: v for k, v in d.state.items() if k != "facilities"}
    else:
        text = d.pick(p.DROP[kind])
        d.state = {k: v for k, v in d.state.items() if k not in SLOT_OF[kind]}
    if not d.state:
        return _start_over(d, text + "，")
    return d.search(text)


def _start_over(d: Dialogue, lead: str = "") -> None:
    wishes = d.wishes.first()
    _apply(d, wishes)
    d.search(lead + _initial(d, wishes))


def _which(d: Dialogue) -> tuple[int, str]:
    """A hotel in hand and how the user points at it."""
    index = d.rng.randrange(len(d.records))
    if index == d.focus and d.rng.random() < 0.5:
        return index, d.pick(p.IT)
    if d.rng.random() < 0.3:
        return index, d.speaker.name(d.records[index]["name"])
    return index, d.pick(p.WHICH[index])


def _ask(d: Dialogue) -> None:
    if d.human and d.rng.random() < 0.4:
        topics, text = d.rng.choice(d.human.questions)
        return d.say(text, d.answers(topics))
    if d.human and d.rng.random() < 0.15:
        index = d.rng.randrange(len(d.records))
        topics, text = d.rng.choice(d.human.named)
        return d.say(text.format(x=d.speaker.name(d.records[index]["name"])), d.answers(topics, index))
    topic = d.rng.choice(FIELDS)
    index, word = _which(d)
    link = d.rng.choice(("", "的", "")) if topic in ("phone", "address", "price", "rating") else ""
    text = (
        d.pick(("", "", "请问", "那", "好的，", "嗯，", ""))
        + word
        + link
        + d.pick(p.QUESTION[topic])
        + d.pick(("", "？", "?", "呢？", "啊"))
    )
    second = d.rng.choice(FIELDS)
    if d.rng.random() < 0.12 and second != topic:
        return d.say(
            text.rstrip("？?啊呢") + d.pick(("，", "？", "，还有", "，另外")) + d.pick(p.QUESTION[second]),
            d.answers((topic, second), index),
        )
    return d.say(text, d.answer(topic, index))


def _ask_has(d: Dialogue) -> None:
    name = d.rng.choice(FACILITIES)
    index, word = _which(d)
    if word == "酒店":
        word = "这家酒店"
    phrase = d.speaker.facility(name)
    d.focus, record = index, d.records[index]
    held = fulfilling(name) & set(record["facilities"])
    d.say(d.pick(p.HAS).format(w=word, x=phrase), d.fill(d.pick(r.YES if held else r.NO), record, x=name))


def _compare(d: Dialogue) -> None:
    topic, asked, said, best = d.rng.choice((("price", p.CHEAPEST, r.CHEAPEST, min), ("rating", p.BEST, r.BEST, max)))
    known = [x for x in d.records if x[topic] is not None]
    if len(known) < 2:
        return _ask(d)
    record = best(known, key=lambda x: x[topic])
    d.focus = d.records.index(record)
    return d.say(d.pick(asked) + d.pick(("？", "", "呢", "?")), d.fill(d.pick(said), record))


def _book(d: Dialogue) -> None:
    index, word = _which(d)
    d.focus, record = index, d.records[index]
    table = r.BOOKED if record["phone"] else (r.BOOKED[0], r.BOOKED[2])
    d.say(d.pick(p.BOOK).format(x=word), d.fill(d.pick(table), record))


def small_talk(d: Dialogue) -> None:
    asked, said = d.rng.choice(((p.HELLOS, r.HELLO), (p.OFF_TOPIC, r.REFUSE)))
    d.say(d.pick(asked), d.pick(said))


def good_bye(d: Dialogue) -> None:
    if d.rng.random() < 0.7:
        d.say(d.pick(d.human.thanks if d.human and d.rng.random() < 0.5 else p.THANKS), d.pick(r.WELCOME))
    if d.rng.random() < 0.3:
        d.say(d.pick(p.BYES), d.pick(r.BYE))


_WITH_RECORDS = (
    (_refine, 30),
    (_drop, 7),
    (_ask, 30),
    (_ask_has, 10),
    (_compare, 6),
    (_book, 11),
    (small_talk, 3),
    (_start_over, 5),
)


_WITHOUT = ((_refine, 40), (_drop, 40), (small_talk, 5))


def next_step(d: Dialogue) -> None:
    """One step of the agenda; a user who wishes for too much gives something up."""
    table = _WITH_RECORDS if d.records else _WITHOUT
    chosen = d.rng.choices([f for f, _ in table], [w for _, w in table])[0]
    (_drop if len(d.state.get("facilities", ())) > 3 else chosen)(d)
