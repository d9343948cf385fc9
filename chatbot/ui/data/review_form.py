"""What the review's buttons read, by name: where a person stands, and a card as it was edited."""

from dataclasses import dataclass

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.review.items import Card, Filter
from chatbot.ui.data.review_card import with_lines


@dataclass(frozen=True)
class ReviewPosition:
    """Where a person stands in the review: the card on screen, the ids of those seen, and the two filters."""

    current: Card | None
    seen: list[int]
    operation: str | None = ""
    failed: str | None = ""

    @property
    def filter(self) -> Filter:
        """The filters as the store reads them."""
        return Filter(self.operation or None, self.failed or None)

    @property
    def before(self) -> list[int]:
        """The cards seen before this one."""
        return [item for item in self.seen if not self.current or item != self.current.id]


@dataclass(frozen=True)
class EditedCard:
    """The card on screen with its lines as somebody edited them."""

    desk: ReviewPosition
    lines: str

    def read(self) -> tuple[Card, Conversation]:
        """The card and its edited conversation.

        Raises:
            InputError: there is no card, or the lines are not as many as it has.
        """
        card = self.desk.current
        edited = with_lines(card.conversation, self.lines.strip("\n").split("\n")) if card else None
        if card is None or edited is None:
            raise InputError("ui.line_count")
        return card, edited
