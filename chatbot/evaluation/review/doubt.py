"""How unsure a model is of each card that waits: its own probability of the card's calls, kept beside the card."""

import math
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from chatbot.core.errors import WorkbenchError
from chatbot.core.events import Progress, Reporter, Stopped
from chatbot.core.messages import Conversation, Message
from chatbot.core.settings import settings
from chatbot.corpus.review.queue import ReviewStore
from chatbot.evaluation.review.config import DoubtConfig

CHUNK = 20
"""Cards after which what was found is kept."""
Probability = Callable[[list[Message], list[dict[str, Any]]], float]
"""(messages up to and including a call, tools) → how probable the model thinks that call."""


def run_doubt(config: DoubtConfig, reporter: Reporter) -> dict[str, Any]:
    """Read every card that waits and was not read yet; what was read before a stop is kept.

    Raises:
        ModelError: the model is not one of this machine.
    """
    from chatbot.models.catalog import open_model

    model = open_model(config.model)
    with closing(review_of(config.workspace)) as review:
        return {"read": read_cards(review, of_model(model), reporter)}


def review_of(workspace: Path) -> ReviewStore:
    """The review of a workspace, or the database that the settings name."""
    return ReviewStore(settings().review_address(workspace))


def read_cards(review: ReviewStore, probability: Probability, reporter: Reporter) -> int:
    """Work out and keep the doubt of each card that waits; returns how many were read."""
    items = review.team.without_doubt()
    for at in range(0, len(items), CHUNK):
        reporter.event(Progress(done=at, total=len(items), what="doubt"))
        if reporter.should_stop():
            raise Stopped
        some = items[at : at + CHUNK]
        review.team.keep_doubts({item: doubt(review.card(item).conversation, probability) for item in some})
    reporter.event(Progress(done=len(items), total=len(items), what="doubt"))
    return len(items)


def doubt(conversation: Conversation, probability: Probability) -> float:
    """1 − the probability of the call that the model is least sure of; 0 without calls, 1 for what it cannot read."""
    messages, tools = conversation.messages, conversation.tools
    calls = [at for at, message in enumerate(messages) if message.call]
    try:
        return 1 - min((probability(messages[: at + 1], tools) for at in calls), default=1.0)
    except WorkbenchError:
        return 1.0


def of_model(model: object) -> Probability:
    """The probability of a call under a local model: that of all the tokens in which it would write it.

    A call that can be written in several ways counts as the one way in which the data writes it.
    """
    from chatbot.models.inside import OpenModel, look_inside

    if not isinstance(model, OpenModel):
        look_inside(model, [])  # raises the error that names it

    def probability(messages: list[Message], tools: list[dict[str, Any]]) -> float:
        return math.prod(look_inside(model, messages, tools, top=1).chosen)

    return probability
