"""What the review's page asks for, as it arrives from the browser: untrusted, so validated before anything reads it."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.items import Filter, Order

Verb = Literal[
    "open", "pick", "next", "approve", "reject", "skip", "flag", "comment", "save", "draft", "undo",
    "ask_bulk", "bulk", "audit", "settle", "gold", "team", "deal",
]  # fmt: skip

STATES = ("decided", "flagged", "disputed")
"""What can be shown instead of the cards that wait."""


class Wishes(BaseModel):
    """The filters and the order as they stand in the page and in its address; what is blank or unknown is no filter."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str = Field(default="", max_length=100)
    operation: str = Field(default="", max_length=40)
    failed: str = Field(default="", max_length=40)
    hotels: str = Field(default="", max_length=120)
    run: str = Field(default="", max_length=40)
    whose: Literal["", "own", "common"] = ""
    reviewer: str = Field(default="", max_length=80)
    slot: str = Field(default="", max_length=40)
    state: Literal["", "decided", "flagged", "disputed"] = ""
    order: Order = "queue"

    @property
    def filter(self) -> Filter:
        """As the store reads them; who asks for one person's cards means those decided by them."""
        return Filter(
            operation=self.operation or None,
            failed=self.failed or None,
            hotels=self.hotels or None,
            run=self.run or None,
            reviewer=self.reviewer or None,
            slot=self.slot or None,
            text=self.text,
            flagged=self.state == "flagged",
            decided=self.state == "decided" or bool(self.reviewer),
            disputed=self.state == "disputed",
            whose=self.whose,
            order=self.order,
        )


class Command(BaseModel):
    """One thing to do; `card` and `seen` say on which card, as it was on screen, `step` which command it is when sent again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    do: Verb
    step: str = Field(default="", max_length=32)
    card: int = 0
    seen: int = 0
    wishes: Wishes = Wishes()
    reason: str = Field(default="", max_length=80)
    comment: str = Field(default="", max_length=2000)
    draft: Draft = Draft()
    until: int = 0
    choice: int = 0
    answer: Literal["", "approve", "reject"] = ""
    people: str = Field(default="", max_length=2000)
    common: float = Field(default=10, ge=0, le=100)
    judgements: int = 2


class Typed(BaseModel):
    """What somebody types on a card, at this moment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    card: int
    draft: Draft


def command_of(event: Any) -> Command:
    """The command of an event; a filter from an address that nobody can read is dropped.

    Raises:
        ValidationError: it is none.
    """
    given: dict[str, Any] = dict(event.command)
    asked = given.get("wishes")
    wishes = asked if isinstance(asked, dict) else {}
    known = {"state": STATES, "order": get_args(Order), "whose": ("own", "common")}
    readable = {key: value for key, value in wishes.items() if key not in known or value in known[key]}
    return Command.model_validate(given | {"wishes": readable})
