"""The recipe of hotel-mini's training data: many small databases with scrambled names, two ways of speaking, people's words.

The base sees canonical words, full names and price bands; the augmented set adds colloquial facilities, short names and price caps.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from chatbot.core.messages import Conversation
from chatbot.corpus.selfplay.generate import continue_dialogue, dialogue
from chatbot.corpus.selfplay.human_wording import HumanWording, hotel_dialogues
from chatbot.corpus.selfplay.speaker import Speaker
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

_DATABASE_SIZE = 90
_PER_DATABASE = 80
_SUFFIXES = (
    "酒店",
    "宾馆",
    "饭店",
    "大酒店",
    "快捷酒店",
    "国际酒店",
    "商务酒店",
    "客栈",
    "公寓",
    "度假村",
    "大厦",
    "精品酒店",
    "会议中心",
    "主题酒店",
)


def scrambled(hotels: Sequence[Hotel], rng: random.Random) -> list[Hotel]:
    """A sample of hotels, half of them renamed with random characters, so that names can only be copied."""
    alphabet = [c for hotel in hotels for c in hotel.name if "\u4e00" <= c <= "\u9fff"]
    sample = rng.sample(list(hotels), min(_DATABASE_SIZE, len(hotels)))
    return [h.model_copy(update={"name": _name(alphabet, rng)}) if rng.random() < 0.5 else h for h in sample]


def _name(alphabet: Sequence[str], rng: random.Random) -> str:
    brand = "".join(rng.choice(alphabet) for _ in range(rng.choice((2, 2, 3, 4)))) + rng.choice(_SUFFIXES)
    place = "".join(rng.choice(alphabet) for _ in range(rng.choice((2, 2, 3, 4))))
    return rng.choice(
        (f"北京{brand}", brand, f"{brand}(北京{place}店)", f"{brand}({place}店)", f"{brand}北京{place}店")
    )


def _colloquial(conversation: Conversation, rng: random.Random) -> Conversation:
    """The mission's first augmentation on a human dialogue: canonical facility words become colloquial ones."""
    speaker = Speaker(rng)
    for message in conversation.messages:
        if message.role == "user":
            for name in sorted(FACILITIES, key=len, reverse=True):
                if name in message.content and rng.random() < 0.7:
                    message.content = message.content.replace(name, speaker.facility_noun(name))
    return conversation


def selfplay_data(
    hotels: Sequence[Hotel],
    n: int,
    seed: int,
    *,
    colloquial: float,
    human: HumanWording | None = None,
    first_only: float = 0.24,
) -> Iterator[Conversation]:
    """`n` self-play conversations over a new scrambled database every so often; a share `colloquial` speaks colloquially.

    A share `first_only` ends with the first call: cheap examples of what matters most.
    """
    store = HotelStore(hotels)
    for i in range(n):
        rng = random.Random(f"{seed}-{i}")
        if i % _PER_DATABASE == 0:
            store = HotelStore(scrambled(hotels, rng))
        short = rng.random() < first_only
        turns = 0 if short else rng.choices((0, 1, 2, 3, None), (16, 30, 20, 12, 22))[0]
        messages = dialogue(
            store, rng, colloquial=rng.random() < colloquial, turns=turns, human=human, limit=rng.choice((1, 1, 2, 3))
        )
        if short and messages[1].call:
            messages = messages[:2]
        yield Conversation(
            id=f"recipe-{seed}-{i}", source=f"recipe-{seed}-{i}", tools=[SEARCH_HOTELS], messages=messages
        )


def human_data(
    path: Path, store: HotelStore, seed: int | str, *, colloquial: bool, human: HumanWording | None = None
) -> Iterator[Conversation]:
    """demo-hotel dialogues, in people's words as they are or with spoken facility words; some end with the call, some go on in self-play."""
    for number, conversation in enumerate(hotel_dialogues(path, store, seed)):
        rng = random.Random(f"{seed}-human-{number}")
        roll = rng.random()
        if roll < 0.35:
            conversation.messages = conversation.messages[: 2 if len(conversation.messages) == 4 else -2]
        elif roll < 0.8:
            conversation.messages = continue_dialogue(
                conversation.messages, store, rng, rng.choice((1, 1, 2)), colloquial=colloquial, human=human
            )
        yield _colloquial(conversation, rng) if colloquial else conversation
