"""Parquet as `datasets` writes it: a row a conversation, messages and tools as JSON or as structs full of nulls."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.files import MAX_BYTES, Part
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
        file = arrow.ParquetFile(io.BytesIO(part.content))
        for number, row in enumerate(_unfolded(file, part.name), 1):
            yield number, {name: _data(value) if name in _DATA else value for name, value in row.items()}
    except (ArrowException, OSError, ValueError, RecursionError) as error:
        raise InputError("reading.parquet", value=part.name) from error


def _unfolded(file: Any, name: str) -> Iterator[dict[str, Any]]:
    """Rows, a few at a time: what repeats is stored once, so that a small file can unfold to any size.

    Raises:
        InputError: it unfolds to more than MAX_BYTES.
    """
    stored = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    at_once, unfolded = max(1, min(1000, MAX_BYTES // max(1, stored))), 0
    for batch in file.iter_batches(batch_size=at_once):
        unfolded += batch.nbytes
        if max(stored, unfolded) > MAX_BYTES:
            raise InputError("core.file_large", value=name, most=MAX_BYTES // 1_000_000)
        yield from batch.to_pylist()


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
