"""The forms of a conversation: how each is recognised, read and written."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import ValidationError

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.reading import chatglm3, llama2, messages, sharegpt
from chatbot.corpus.reading.rest import KEY, rest, restored
from chatbot.corpus.reading.turns import Row, dumps

LONGEST = 1_000_000
"""Characters of a conversation: a person talks a week for it."""


@dataclass(frozen=True)
class Form:
    """One form of a conversation as a JSON object.

    Attributes:
        fits: whether an object looks like one of this form.
        read: (object, a name for one that has none) → conversation; raises InputError or ValidationError.
        write: the inverse; raises InputError where the form cannot hold the conversation.
    """

    name: str
    fits: Callable[[Row], bool]
    read: Callable[[Row, str], Conversation]
    write: Callable[[Conversation], Row]


FORMS = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("jsonl", messages.fits, messages.read, messages.write_ours),
            Form("openai", messages.fits, messages.read, messages.write),
            Form("llama-factory", sharegpt.fits, sharegpt.read, sharegpt.write),
            Form("chatglm3", chatglm3.fits, chatglm3.read, chatglm3.write),
            Form("llama2", llama2.fits, llama2.read, llama2.write),
        )
    }
)


def recognised(row: object) -> str:
    """The form of an entry: one of FORMS, or alpaca.

    Raises:
        InputError: it is of no form that is known.
    """
    if isinstance(row, dict):
        if messages.fits(row):
            return "jsonl" if row.get("id") not in (None, "") and row.get("source") else "openai"
        if found := next((form.name for form in FORMS.values() if form.fits(row)), ""):
            return found
        if "instruction" in row and "output" in row:
            return "alpaca"
    raise InputError("reading.form", value=dumps(row)[:80] if isinstance(row, dict | list) else str(row)[:80])


def read_row(row: Row, form: str, name: str) -> Conversation:
    """One entry of a recognised form.

    Raises:
        InputError: a part of it does not fit, or nobody answers in it.
    """
    if form == "alpaca":
        raise InputError("reading.alpaca")
    try:
        found = FORMS[form].read(row, name)
        if KEY in row:
            found = restored(found, _rest(row[KEY]))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "JSON"
        raise InputError("reading.field", value=str(first["input"])[:80], field=field) from error
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("reading.form", value=dumps(row)[:80]) from error
    if sum(len(message.content) for message in found.messages) > LONGEST:
        raise InputError("reading.long", value=name, most=LONGEST)
    said = {message.role for message in found.messages}
    if not found.messages or ("user" in said and "assistant" not in said):
        raise InputError("reading.no_reply")
    return found


def _rest(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None


def write_row(conversation: Conversation, form: str) -> tuple[Row, Row]:
    """A conversation in a form, and what the form has no place for; together they read back as the same conversation.

    Raises:
        InputError: the form cannot hold it.
    """
    row = FORMS[form].write(conversation)
    if form == "jsonl":
        return row, {}
    try:
        back = FORMS[form].read(row | {KEY: ""}, conversation.id)
        found = rest(back, conversation, form)
        whole = restored(back, json.loads(dumps(found))) == conversation
    except (ValidationError, ValueError, TypeError) as error:
        raise InputError("reading.cannot_hold", conversation=conversation.id, form=form) from error
    if not whole:
        raise InputError("reading.cannot_hold", conversation=conversation.id, form=form)
    return row, found
