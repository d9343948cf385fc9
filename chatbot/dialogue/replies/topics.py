"""What a turn that no hotel list answers is about, by its words: the `topic` of the bank's replies."""

import json
import re
from functools import cache

from chatbot.core.settings import DATA

TOPICS_FILE = DATA / "reply_topics.json"
_STARTS_OVER = re.compile(
    r"想找什么样|想找酒店|想住哪|找酒店的时候|要找酒店|住哪[儿边]|预算|位置和|what (?:kind|sort) of hotel|looking for a hotel",
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
