"""What a turn that no hotel list answers is about, by its words: the `topic` of the bank's replies."""

import json
import re
from functools import cache

from chatbot.core.settings import DATA

TOPICS_FILE = DATA / "reply_topics.json"
_STARTS_OVER = re.compile(
    r"想找什么样|想找个什么|想找酒店|想住哪|想住在哪|找酒店的时候|找酒店有什么|要找酒店|住哪[儿边]|住在哪|预算|位置和|什么要求|要求您?说|哪[儿里]的酒店|哪一?片|"
    r"哪附近|靠近哪|在哪儿落脚|哪条路|说个[地大区数]|什么样的|what (?:kind|sort) of hotel|looking for a hotel|which area|name an area|"
    r"tell me (?:the area|where|what the hotel|what you)|where you'll be|say where|still need a room|what's the budget",
    re.I,
)


@cache
def _tables() -> tuple[dict[str, dict[str, re.Pattern[str]]], dict[str, list[str]]]:
    """Patterns by act and topic, the first that is found first; what a topic is called in Chinese and English."""
    raw = json.loads(TOPICS_FILE.read_text(encoding="utf-8"))
    patterns = {act: {topic: re.compile(p) for topic, p in rows.items()} for act, rows in raw["topics"].items()}
    return patterns, raw["nouns"]


def topic_of(act: str, words: str) -> str:
    """The first topic of an act whose pattern stands in the words; "" where none does."""
    said = words.lower()
    return next((topic for topic, pattern in _tables()[0].get(act, {}).items() if pattern.search(said)), "")


def noun_of(topic: str, english: bool) -> str:
    """What a topic of unsupported questions is called in a sentence."""
    return _tables()[1].get(topic, ["这一点", "that"])[english]


def is_dated(words: str) -> bool:
    """Whether the words name a day, or nights."""
    dates = _tables()[0]["unsupported"]["dates"]
    return bool(dates.search(words.lower()) or topic_of("book", words))


def starts_over(line: str) -> bool:
    """Whether a line asks for the first wishes, which nobody is asked for who has hotels before them."""
    return bool(_STARTS_OVER.search(line))
