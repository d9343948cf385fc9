"""The demo conversations that ship with the project, made as a user makes a data set: self-play, augmentation, checks, split."""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from chatbot.core.messages import Conversation, write_conversations
from chatbot.corpus.augmentation.augment import augment
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.checks import check
from chatbot.corpus.export.data_card import data_card
from chatbot.corpus.export.formats import export
from chatbot.corpus.export.split import SHARES, split
from chatbot.corpus.selfplay.first_call import first_calls
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.store import HotelStore

PLAYED = 2000
NEW = 110
SHORT = 4100
LONG = 6500
LONG_SHARE = 0.12
NAMED_SHARE = 0.15
BUDGET = 1_970_000
"""Sizes in bytes of JSON: mostly short dialogues, some with several searches, all together under 2 MB in the repository."""

REQUESTS, REQUESTED = 3000, 700
"""Dialogues for the short examples, and new requests by name and by price cap: about 2,400 that say what the base has not parsed."""

SHORT_CARD = """
## first_calls.jsonl

增强过的第一句需求和它的查询，其后没有回复：口语设施、酒店简称、价格上限。验证集和测试集里说过的话不在其中。
Augmented requests with their call and nothing after it: spoken facilities, short names, price caps; nothing that is said in val or test.
"""


def _size(conversation: Conversation) -> int:
    return len(conversation.to_json().encode()) + 1


def played(store: HotelStore, seed: int) -> Iterator[Conversation]:
    """Self-play dialogues that search at least once: the short ones, a share of the longer ones, few that only look up a name."""
    rng = random.Random(seed)
    for conversation in selfplay(store, PLAYED, seed):
        calls = [m.call.arguments for m in conversation.messages if m.call]
        wanted = any("name" not in arguments for arguments in calls) or (calls and rng.random() < NAMED_SHARE)
        if wanted and _size(conversation) <= (LONG if rng.random() < LONG_SHARE else SHORT):
            yield conversation


def demo(store: HotelStore, seed: int) -> list[Conversation]:
    """Checked conversations, played and augmented, as many as the budget holds; the same for the same seed and database."""
    config = AugmentConfig(corpus=Path(), out=Path(), new=NEW, seed=seed)
    base = list(played(store, seed))
    made = augment(base, store, config).made
    candidates = [*base, *(c for _, c in made if _size(c) <= LONG)]
    random.Random(seed).shuffle(candidates)
    out: list[Conversation] = []
    left = BUDGET
    for conversation in candidates:
        if _size(conversation) <= left and all(found.passed for found in check(conversation, store)):
            out.append(conversation)
            left -= _size(conversation)
    return out


def augmented_requests(store: HotelStore, seed: int, held: Iterable[Conversation]) -> Iterator[Conversation]:
    """Augmented requests with their call and nothing after it: facilities in spoken words, short names, price caps.

    Args:
        held: conversations whose words are not taken.
    """
    config = AugmentConfig(
        corpus=Path(), out=Path(), operations=("spoken", "by_name", "by_cap"), new=REQUESTED, seed=seed
    )
    made = augment(list(selfplay(store, REQUESTS, seed)), store, config).made
    return first_calls((c for _, c in made if all(found.passed for found in check(c, store))), held)


def write_demo(out: Path, store: HotelStore, seed: int) -> dict[str, int]:
    """Write train.jsonl, val.jsonl, test.jsonl, first_calls.jsonl and the data card; returns the counts and the leaks."""
    made = split(demo(store, seed), seed)
    sides: dict[str, list[Conversation]] = {name: getattr(made, name) for name in SHARES}
    export(sides, "jsonl", out)
    (Path(out) / "README.md").write_text(data_card(sides, store, made.leaks) + SHORT_CARD, encoding="utf-8")
    short = write_conversations(
        Path(out) / "first_calls.jsonl", augmented_requests(store, seed + 20, [*made.val, *made.test])
    )
    return (
        {name: len(side) for name, side in sides.items()}
        | {"first_calls": short}
        | {f"leaks_{name}": count for name, count in made.leaks.items()}
    )
