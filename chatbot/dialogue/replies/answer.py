"""The reply to an act line: what the conversation has come to, laid out for `compose`."""

import random
import re
from collections.abc import Sequence
from typing import Literal

from chatbot.core.messages import Message, Observed, last_user_index
from chatbot.dialogue.replies.compose import Reply, Situation, compose
from chatbot.understanding.history import Context, act_of, completed, context_of
from chatbot.understanding.turn_act import TurnAct, numbered

_LATIN, _HAN = re.compile(r"[A-Za-z]"), re.compile(r"[\u4e00-\u9fff]")


def answer(messages: Sequence[Message]) -> Reply:
    """The reply that ends a turn.

    Args:
        messages: a conversation that ends with the user's words and an assistant's message with an act line (or a
            call alone), its observation after it where it called.
    """
    at = last_user_index(messages)
    before, after = context_of(messages[:at]), context_of(messages)
    said = next((m for m in messages[at + 1 :] if m.role == "assistant"), None)
    seen = next((m for m in messages[at + 1 :] if m.role == "tool"), None)
    act = (act_of(said) if said else None) or TurnAct("refine" if before.state else "request")
    act = completed(act, before)
    words = messages[at].content
    found = seen.observed if seen else Observed(len(after.records))  # read once: each reading parses the whole message
    situation = Situation(
        words=words,
        act=act,
        before=before.state,
        after=after.state,
        records=after.records,
        searched=seen is not None,
        total=found.total,
        relaxed=tuple(found.relaxed),
        unmatched=tuple(found.unmatched),
        instead=found.instead,
        first=after.first,
        focus=_focus(act, before, words),
        unlisted=found.unlisted,
        spoken=after.spoken,
        language=language_of(messages),
        earlier=before.records,
    )
    return compose(situation, random.Random(f"{len(messages)}-{words}"))


def _focus(act: TurnAct, before: Context, words: str) -> int:
    """The hotel spoken of: the last one, or the one that a question no list answers counts up to, as 第三家是不是连锁的."""
    counted = sorted(map(int, numbered(words))) if act.act == "unsupported" and not act.has("#") else []
    return counted[0] - 1 if len(counted) == 1 and counted[0] <= len(before.records) else before.focus


def language_of(messages: Sequence[Message]) -> Literal["zh", "en"]:
    """The language of the last utterance with letters in it: "en" where Latin words outweigh Chinese characters."""
    for message in reversed(messages):
        if message.role == "user":
            latin, han = len(_LATIN.findall(message.content)), len(_HAN.findall(message.content))
            if latin + han:
                return "en" if latin > 4 * han else "zh"
    return "zh"
