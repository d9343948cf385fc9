"""Whether a GGUF file says what the folder says that it was made from: both are asked the same, and their calls compared."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from chatbot.core.messages import Conversation, Message
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.bring.source import unpack
from chatbot.models.local import MAX_NEW_TOKENS, LocalModel
from chatbot.models.registry import family_name, write_family

ENDS = "generation_config.json"
Context = Sequence[Message]
Tell = Callable[[int, int], None]
"""Told how many contexts both have answered, and of how many."""


@dataclass(frozen=True)
class Agreement:
    """How often a file's calls are the folder's.

    Attributes:
        calls: contexts in which the folder's model calls, and how many of them the file's model answers with the same call.
        asked, same: all contexts, and those with the same answer, call or words.
    """

    asked: int
    same: int
    calls: int
    same_calls: int


def call_contexts(conversations: Sequence[Conversation], most: int) -> list[Context]:
    """What stands before the first calls of conversations, one after another."""
    found: list[Context] = [c.messages[:at] for c in conversations for at, m in enumerate(c.messages) if m.tool_calls]
    return found[:most]


def compare_calls(
    folder: Path,
    file: Path,
    contexts: Sequence[Context],
    tell: Tell = lambda done, total: None,
    *,
    most_tokens: int = MAX_NEW_TOKENS,
) -> Agreement:
    """Ask both models, read in fp32 by transformers' own reader of GGUF.

    Args:
        most_tokens: of an answer, after which a model that babbles is cut off.

    Raises:
        ModelError: one of them can't be read.
    """
    with TemporaryDirectory() as place:
        unpacked = Path(place) / file.stem
        unpack(file, unpacked, "float32")
        write_family(unpacked, family_name(folder))
        if (folder / ENDS).is_file():
            shutil.copyfile(folder / ENDS, unpacked / ENDS)  # a turn's end, which transformers does not read from GGUF
        models = [LocalModel.load(path, precision="fp32") for path in (folder, unpacked)]
        for model in models:
            model.most_tokens = most_tokens
        pairs = []
        for done, context in enumerate(contexts):
            tell(done, len(contexts))
            pairs.append(tuple(model.predict([(context, [SEARCH_HOTELS])])[0] for model in models))
    tell(len(contexts), len(contexts))
    called = [pair for pair in pairs if pair[0] is not None and pair[0].tool_calls]
    return Agreement(len(pairs), sum(map(_equal, pairs)), len(called), sum(map(_equal, called)))


def _equal(pair: tuple[Message | None, ...]) -> bool:
    """The same words and calls, whatever their ids; two that can't be read are the same."""
    told = [m and (m.content, [(c.function.name, c.function.arguments) for c in m.tool_calls]) for m in pair]
    return told[0] == told[1]
