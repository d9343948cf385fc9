"""What a model answered at every assistant turn of a data set: the rows that all figures are computed from."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import append_line


@dataclass(frozen=True)
class Prediction:
    """One scored turn: the context is the gold one, the model wrote only this message.

    Attributes:
        id: the conversation's id.
        turn: index of the assistant message in the conversation.
        gold_call, predicted_call: arguments of the call, None where the message is a reply.
        gold_reply, predicted_reply: the text, None where the message is a call. Both predictions are None where
            the model's output does not parse.
        gold_function, predicted_function: names of the called functions.
        exchange: how many user messages came before.
        after_empty: the search before it had found nothing.
        ungrounded: claims of the predicted reply that the records don't hold.
        same_hotels: at a gold call, whether the predicted call finds the same hotels; otherwise None.
        draft: where the whole chatbot was measured, what its model alone had written: the fields of DRAFT.
        rules: likewise what the rules alone would have made of the turn.
    """

    id: str
    turn: int
    gold_call: dict[str, Any] | None
    predicted_call: dict[str, Any] | None
    gold_reply: str | None
    predicted_reply: str | None
    gold_function: str | None = None
    predicted_function: str | None = None
    exchange: int = 0
    after_empty: bool = False
    ungrounded: tuple[str, ...] = ()
    same_hotels: bool | None = None
    draft: dict[str, Any] | None = None
    rules: dict[str, Any] | None = None

    @property
    def bare(self) -> "Prediction":
        """The same turn with what the model alone had written, before the chatbot's checks."""
        return replace(self, **self.draft, draft=None, rules=None) if self.draft else self

    @property
    def by_rules(self) -> "Prediction":
        """The same turn with what the rules alone make of it."""
        return replace(self, **self.rules, draft=None, rules=None) if self.rules else self

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


DRAFT = ("predicted_call", "predicted_reply", "predicted_function", "ungrounded", "same_hotels")
"""What differs between the chatbot's answer and its model's first draft."""


def write_predictions(path: Path, rows: Iterable[Prediction]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row.to_dict(), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def append_predictions(path: Path, rows: Iterable[Prediction]) -> None:
    """Add rows to a file in one write."""
    append_line(path, "\n".join(json.dumps(row.to_dict(), ensure_ascii=False) for row in rows))


def read_predictions(path: Path) -> list[Prediction]:
    """Rows as `write_predictions` wrote them; a last line without its end was torn by a kill and is left out.

    Raises:
        InputError: naming the line that is not such a row.
    """
    known = {field.name for field in fields(Prediction)}
    out = []
    try:
        content = path.read_bytes()
        lines = content[: content.rfind(b"\n") + 1].decode("utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("evaluation.predictions_unreadable", value=error, path=path) from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            out.append(Prediction(**{key: row[key] for key in known & row.keys()}))
        except (json.JSONDecodeError, TypeError, AttributeError) as error:
            raise InputError("evaluation.no_prediction", value=line[:80], path=path, number=number) from error
    return out


def by_dialogue(rows: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    """Rows grouped by conversation, in the order in which conversations first appear."""
    out: dict[str, list[Prediction]] = {}
    for row in rows:
        out.setdefault(row.id, []).append(row)
    return out
