"""Trains hotel-mini's tokenizer: Chinese character by character, digits alone, and the words of the database whole.

A BPE that merges freely glues 提供 to 棋牌室 and 和 to 健身房, and a small model then never learns that the call repeats
what the user said (measured: 1,500 steps without one facility right). So each facility and type is one token everywhere,
each argument's key too, and all else is characters, which can be copied one by one.
"""

import json
from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES

BYTES = tuple(f"<0x{b:02X}>" for b in range(256))
_WORDS = "|".join(sorted((*FACILITIES, *HOTEL_TYPES), key=len, reverse=True))
_CHUNKS = Regex(rf'{_WORDS}|"[a-z_]+":|\d|[A-Za-z_]+|[\u4e00-\u9fff]|\s+|[^\w\s]')
"""The database's words, JSON keys with their quotes and colon, single digits, Latin words, single Chinese characters, white space, punctuation."""


def common_characters() -> list[str]:
    """The 3,755 characters of GB 2312's first level, so that names nobody has seen can be read."""
    return [
        bytes((high, low)).decode("gb2312")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
        if (high, low) < (0xD7, 0xFA)
    ]


def train_tokenizer(
    texts: Iterable[str], vocab_size: int, special_tokens: Sequence[str], *, pad: str, end: str
) -> PreTrainedTokenizerFast:
    """A tokenizer of at most `vocab_size` tokens, the special tokens, 256 byte tokens and the common characters included.

    Whatever has no token of its own is written in bytes, so every text can be encoded and decoded.
    """
    bpe = Tokenizer(models.BPE(byte_fallback=True, unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.Split(_CHUNKS, behavior="isolated")
    bpe.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[*special_tokens, *BYTES],
        initial_alphabet=common_characters(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=_without_special_bytes(bpe, special_tokens),
        pad_token=pad,
        eos_token=end,
        extra_special_tokens=list(special_tokens),
        clean_up_tokenization_spaces=False,
    )


def _without_special_bytes(bpe: Tokenizer, special_tokens: Sequence[str]) -> Tokenizer:
    """Byte tokens must be ordinary vocabulary: as special tokens a typed "<0x41>" would turn into a byte."""
    state = json.loads(bpe.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["content"] in set(special_tokens)]
    return Tokenizer.from_str(json.dumps(state))
