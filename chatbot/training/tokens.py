"""Trains hotel-mini's tokenizer: byte-fallback BPE in which digits stand alone, so that numbers are copied and not remembered."""

from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

BYTES = tuple(f"<0x{b:02X}>" for b in range(256))
_CHUNKS = Regex(r"\d|[A-Za-z_]+|[\u4e00-\u9fff]+|\s+|[^\w\s]")
"""Single digits, words, runs of Chinese, white space, and every punctuation mark on its own."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, special_tokens: Sequence[str], *, pad: str, end: str) -> PreTrainedTokenizerFast:
    """A BPE tokenizer of at most `vocab_size` tokens, the special tokens and 256 byte tokens included.

    Characters that occur once only are left to the byte tokens, so every text can be encoded and decoded.
    """
    bpe = Tokenizer(models.BPE(byte_fallback=True, unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.Split(_CHUNKS, behavior="isolated")
    bpe.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[*special_tokens, *BYTES],
        limit_alphabet=min(2800, vocab_size // 2),
        max_token_length=8,
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
    import json

    state = json.loads(bpe.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["content"] in set(special_tokens)]
    return Tokenizer.from_str(json.dumps(state))
