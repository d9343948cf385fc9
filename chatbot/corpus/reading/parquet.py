"""Parquet as `datasets` writes it: a row a conversation, messages and tools as JSON or as structs full of nulls."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.files import Part
from chatbot.core.messages import Conversation

MARK = b"PAR1"
_DATA = ("messages", "tools", "meta", "conversations")


def rows(part: Part) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows by number, JSON columns as data.

    Raises:
        InputError: it is damaged.
    """
    from pyarrow import ArrowException
    from pyarrow import parquet as arrow

    try:
        table = arrow.read_table(io.BytesIO(part.content))
        for number, row in enumerate(table.to_pylist(), 1):
            yield number, {name: _data(value) if name in _DATA else value for name, value in row.items()}
    except (ArrowException, OSError, ValueError) as error:
        raise InputError("reading.parquet", value=part.name) from error


def _data(value: Any) -> Any:
    if isinstance(value, list):
        return [_data(item) for item in value]
    return json.loads(value) if isinstance(value, str) and value else value


def write(path: Path, conversations: list[Conversation]) -> None:
    """Parquet that `datasets` loads; what may differ between rows is a JSON column, since a struct would fill it with nulls."""
    from datasets import Dataset, Features, Json, List, Value

    features = Features(
        {
            "id": Value("string"),
            "source": Value("string"),
            "messages": List(Json()),
            "tools": List(Json()),
            "meta": Json(),
        }
    )
    data = [{"meta": {}} | {key: value for key, value in c.to_dict().items() if key in features} for c in conversations]
    Dataset.from_list(data, features=features).to_parquet(path)
