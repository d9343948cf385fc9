"""The endless stream of turns that hotel-mini is trained on, and the bank without spoken wishes that its base is trained on."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chatbot.corpus.phrasebank.bank import Bank, Row
from chatbot.corpus.phrasebank.dialogues import dialogue_turns
from chatbot.corpus.phrasebank.people import recorded_turns, template_turns
from chatbot.corpus.phrasebank.turns import Turn, TurnMaker
from chatbot.corpus.phrasebank.values import Names
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.places import place_table
from chatbot.hotels.records import Hotel

TEMPLATE_SHARE, RECORDED_SHARE = 0.10, 0.06
"""How many turns are in people's own words, where the files are at hand."""
TRAINED_SHARES = {
    "frame": 0.20,
    "list": 0.08,
    "wording": 0.24,
    "unknown": 0.14,
    "mixed": 0.10,
    "contrast": 0.13,
    "along": 0.03,
    "asks": 0.08,
}
"""What the others are made of: wordings are short, many, and what is known least (docs/log.md), so they come oftener than is measured."""
DIALOGUE_SHARE = 0.2
"""How many turns come from whole dialogues."""
_CANONICAL = {
    "np": ("{}", "{}服务"),
    "vp": ("有{}", "提供{}", "能提供{}"),
    "need": ("我需要{}", "我要求有{}", "必须有{}"),
    "ask": ("{{which}}有{}吗", "{{which}}提供{}吗"),
}


def names_of(hotels: Sequence[Hotel]) -> Names:
    """Names of hotels and places, from hotels and from data/places.json."""
    return Names.of(hotels, place_table())


def training_turns(
    bank: Bank, names: Names, seed: str, *, templates: Path | None = None, dialogues: Path | None = None
) -> Iterator[Turn]:
    """Turns without end: made of frames and wordings, taken from the bank's dialogues, and in people's words where files are given.

    The items of their act lines come in one order, whoever wrote them.

    Args:
        templates: ConvLab-2's user_utterance_templates.json.
        dialogues: demo-hotel's hotel_dialogues.json.
    """
    for turn in _mixed(bank, names, random.Random(seed), templates, dialogues):
        yield replace(turn, act=turn.act.ordered())


def _mixed(
    bank: Bank, names: Names, rng: random.Random, templates: Path | None, dialogues: Path | None
) -> Iterator[Turn]:
    maker = TurnMaker(bank, names)
    made = maker.turns(rng, TRAINED_SHARES)
    people = template_turns(templates, maker, rng) if templates else made
    recorded = recorded_turns(dialogues) if dialogues else []
    spoken: list[Turn] = []
    while True:
        roll = rng.random()
        if roll < TEMPLATE_SHARE:
            yield next(people)
        elif recorded and roll < TEMPLATE_SHARE + RECORDED_SHARE:
            yield rng.choice(recorded)
        elif bank.dialogues and roll > 1 - DIALOGUE_SHARE:
            if not spoken:
                told = (dialogue_turns(dialogue, names, rng, whole=True) for dialogue in bank.dialogues)
                spoken = [turn for turns in told for turn in turns if turn.copies]
                rng.shuffle(spoken)
            yield spoken.pop()
        else:
            yield next(made)


def canonical_bank(bank: Bank) -> Bank:
    """The bank without spoken wishes: every facility by its own name, no unknown wishes, no dialogues."""
    rows: list[Row] = [
        {"facility": name, "form": form, "text": shape.format(name), "lang": "zh"}
        for name in FACILITIES
        for form, shapes in _CANONICAL.items()
        for shape in shapes
    ]
    return Bank(bank.frames, rows, [], bank.replies, [])
