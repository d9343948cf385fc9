"""Facilities of an utterance in spoken words; where no wording fits what stands around them, the sentence stays as it is."""

import random
import re
from collections.abc import Iterator, Sequence

from chatbot.corpus.augmentation.spoken.places import Place, places
from chatbot.corpus.augmentation.spoken.wordings import ABLE, Wordings, wordings

_MASK = "\ue000"
"""Stands for a hotel's name while a sentence is read, so that 温泉 in it is no wish."""


def rewrite(text: str, rng: random.Random, names: Sequence[str] = ()) -> str:
    """An utterance with the facilities that it names in spoken language; what has no wording that fits, what is denied, and hotels' names stay."""
    if not names:
        return _rewrite(text, rng)
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    kept = iter(pattern.findall(text))
    return re.sub(_MASK, lambda _: next(kept), _rewrite(pattern.sub(_MASK, text), rng))


def _rewrite(text: str, rng: random.Random) -> str:
    out, at = "", 0
    for place in places(text):
        said = _said(place, rng)
        if said:
            out, at = out + text[at : place.start] + said, place.end
    return out + text[at:]


def _said(place: Place, rng: random.Random) -> str:
    """Words for a place; "" where none fit."""
    words = [wordings(name) for name in place.names]
    options = [option for option in _OPTIONS[min(len(words), 3)](place, words, rng) if option]
    if place.before.endswith("有") and not place.lead:
        options = [option for option in options if not option.startswith("有")]
    return place.lead + rng.choice(options) if options else ""


def _noun(place: Place, at: int, words: Wordings, rng: random.Random) -> str:
    """One noun for the facility at a place in the list, another than its name where it has one; "" without any.

    要看孩子的服务 would be misread, 有吃中餐的地方的酒店 has one 的 too many, and in 不要钱的早餐和租车 the cars cost nothing either.
    """
    last = at == len(place.names) - 1
    bare = place.kind == "bare" or not last or place.joined or place.before_de
    nouns = [noun for noun in words.noun if not (bare and "的" in noun)]
    return rng.choice([noun for noun in nouns if noun != place.names[at]] or nouns or [""])


def _one(place: Place, words: list[Wordings], rng: random.Random) -> Iterator[str]:
    """有叫早服务, 能叫早, 早餐免费; asked: 有没有叫早服务, 能不能叫早, 早餐是不是免费."""
    noun = _noun(place, 0, words[0], rng)
    if noun and noun != place.names[0] and place.kind != "which":
        yield noun if place.kind == "bare" else _asked(f"有{noun}", place)
    if place.nouns_only:
        return
    if verbs := _verbs(place, words[0]):
        yield _asked(rng.choice(ABLE[:1] if place.polar else ABLE) + rng.choice(verbs), place)
    if wholes := _wholes(place, words[0]):
        yield _asked(rng.choice(wholes), place)


def _verbs(place: Place, words: Wordings) -> list[str]:
    """What can follow 能 here: 希望酒店能接机, but it is the guest who bathes, and not 它 or 酒店."""
    return [*(() if _hotel_acts(place) else words.guest), *words.host]


def _hotel_acts(place: Place) -> bool:
    return place.wish or place.before.endswith("它")


def _wholes(place: Place, words: Wordings) -> list[str]:
    """A predicate that brings its own subject does not follow 还 or a number, and 带 wants a subject in a question."""
    before, wholes = place.before + place.lead, list(words.whole)
    if place.closed or re.search(r"[\d分元上下]$|[^问，。！？]有$", before):
        wholes = [whole for whole in wholes if whole.startswith("带") or re.match("有(?![些的])", whole)]
    if place.polar and re.search(r"(?:^|[，。！？,.!?、])$", before):
        wholes = [whole for whole in wholes if not whole.startswith("带")]
    return wholes


def _asked(said: str, place: Place) -> str:
    """有温泉 → 有没有温泉, 能泡温泉 → 能不能泡温泉, 早餐免费 → 是不是早餐免费."""
    if place.kind == "which":
        return "" if said.startswith("有") else f"有没有{said}"
    if place.kind != "asks":
        return said
    for start, question in (("能", "能不能"), ("可以", "可不可以"), ("有", "有没有"), ("带", "带不带")):
        if said.startswith(start) and not said.startswith(("有些", "有的")):
            return question + said.removeprefix(start)
    return f"是不是{said}"


def _two(place: Place, words: list[Wordings], rng: random.Random) -> Iterator[str]:
    """有N和N; where nothing is asked also 既能V又能V, and a noun beside a verb or a predicate."""
    yield from _several(place, words, rng)
    if place.nouns_only or place.kind == "which":
        return
    if not place.polar and not place.closed and not place.goes_on:
        yield from _both_able(place, words, rng)
        yield from _mixed(place, words, rng)


def _both_able(place: Place, words: list[Wordings], rng: random.Random) -> Iterator[str]:
    first, second = words
    guests = () if _hotel_acts(place) else ((first.guest, second.guest),)
    for ours, theirs in (*guests, (first.host, second.host)):
        if ours and theirs:
            yield f"既能{rng.choice(ours)}又能{rng.choice(theirs)}"


def _mixed(place: Place, words: list[Wordings], rng: random.Random) -> Iterator[str]:
    """有N，还能V; 能V，还有N; 公共区域有wifi，还有N."""
    first, second = (_phrases(place, at, of, rng) for at, of in enumerate(words))
    for one in first:
        for two in second:
            link = "，还" if re.match("能|带|有(?![些的])", two) else "，而且"
            twice = one.startswith("有") and two.startswith("有") and "可以" not in one + two
            if not twice and not (link == "，而且" and place.before.endswith(("而且", "并且"))):
                yield one + link + two


def _phrases(place: Place, at: int, words: Wordings, rng: random.Random) -> list[str]:
    """A noun, a verb and a whole predicate of one facility, as far as it has them."""
    noun, verbs, wholes = _noun(place, at, words, rng), _verbs(place, words), _wholes(place, words)
    out = [f"有{noun}"] if noun else []
    out += [f"能{rng.choice(verbs)}"] if verbs else []
    return out + ([rng.choice(wholes)] if wholes else [])


def _several(place: Place, words: list[Wordings], rng: random.Random) -> Iterator[str]:
    """One list of nouns; a name stays among others that are said anew."""
    nouns = [_noun(place, at, of, rng) for at, of in enumerate(words)]
    if not all(nouns) or nouns == list(place.names) or place.kind == "which":
        return
    joined = "、".join(nouns) if place.joined else "、".join(nouns[:-1]) + "和" + nouns[-1]
    yield joined if place.kind == "bare" else _asked(f"有{joined}", place)


_OPTIONS = {1: _one, 2: _two, 3: _several}
