"""Takes a reading in: searches that have no result yet, of CrossWOZ and of sheets, are run on the hotels in use."""

from collections.abc import Iterator
from typing import Any

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.crosswoz.extract import Report, conversations
from chatbot.corpus.reading.preview import CROSSWOZ, Reading
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore


def taken_in(reading: Reading, store: HotelStore) -> tuple[list[Conversation], dict[str, Any]]:
    """The conversations of a reading, and the report on CrossWOZ's dialogues, {} where it has none."""
    run = [one.model_copy(update={"messages": list(_answered(one.messages, store))}) for one in reading.sheets]
    kept = [*reading.conversations, *run]
    if reading.preview.form != CROSSWOZ and not reading.dialogues:
        return kept, {}
    report = Report()
    cut = list(conversations(reading.dialogues, store, report))
    report.drops["malformed"] = reading.preview.malformed
    return [*kept, *cut], report.to_dict()


def _answered(messages: list[Message], store: HotelStore) -> Iterator[Message]:
    for message in messages:
        yield message
        if message.call:
            yield store.search(HotelQuery.parse(message.call.arguments)).message()
