"""A fast tokenizer out of a SentencePiece BPE `tokenizer.model`, so that ChatGLM3 needs neither remote code nor a slow tokenizer.

The model file is a protocol buffer of a few fields; they are read here directly, because no package that reads it
(protobuf) is otherwise needed.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from chatbot.core.errors import ModelError

SPACE = "▁"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
"""Piece types of sentencepiece_model.proto."""
BPE_MODEL = 2


@dataclass(frozen=True)
class SentencePieceModel:
    """What of a `tokenizer.model` decides its ids: pieces in id order as (text, score, type), and the normaliser's settings."""

    pieces: list[tuple[str, float, int]] = field(default_factory=list)
    charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True

    def of_type(self, *types: int) -> list[str]:
        """The texts of all pieces of these types, in id order."""
        return [text for text, _, kind in self.pieces if kind in types]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of one protocol buffer message; the wire format of protobuf.dev/programming-guides/encoding."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"wire type {kind}")
        size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else _varint(data, at)
        if at + size > len(data):
            raise IndexError("the file ends within a field")
        yield key >> 3, data[at : at + size]
        at += size


def _piece(data: bytes) -> tuple[str, float, int]:
    found = dict(_fields(data))
    text, score = found.get(1, b""), found.get(2, bytes(4))
    return bytes(text).decode(), struct.unpack("<f", bytes(score))[0], int(found.get(3, NORMAL))


def read_sentencepiece(path: Path) -> SentencePieceModel:
    """Read a SentencePiece BPE model.

    Raises:
        ModelError: the file is no SentencePiece model, or not of a kind whose ids could be reproduced.
    """
    try:
        parts = list(_fields(Path(path).read_bytes()))
        pieces = [_piece(bytes(value)) for number, value in parts if number == 1]
        trainer = {n: v for number, value in parts if number == 2 for n, v in _fields(bytes(value))}
        normaliser = {n: v for number, value in parts if number == 3 for n, v in _fields(bytes(value))}
    except (OSError, ValueError, IndexError, TypeError, struct.error) as error:
        raise ModelError("models.no_sentencepiece", value=error, path=path) from error
    if not pieces or trainer.get(3) != BPE_MODEL:
        raise ModelError("models.no_bpe", value=trainer.get(3), path=path)
    if trainer.get(24) or not normaliser.get(5, 1):
        raise ModelError("models.spaces", path=path)
    return SentencePieceModel(
        pieces, bytes(normaliser.get(2, b"")), bool(normaliser.get(3, 1)), bool(normaliser.get(4, 1))
    )


def merges(pieces: Sequence[tuple[str, float, int]]) -> list[tuple[str, str]]:
    """The merge list that makes rank-ordered BPE join what SentencePiece joins.

    SentencePiece joins the neighbours whose union has the best score, the leftmost of equals. Several splits of one piece have
    one score there but need distinct ranks here: where x+y = y+z are both that piece and overlap in `x y z`, the left one must
    rank first. That is the case exactly where the right part begins the piece, so such splits come first.
    User-defined symbols are joined with nothing. (Those of several characters cannot be read as one here; `disagreements` tells.)
    """
    known = {text for text, _, kind in pieces if kind == NORMAL}
    found = []
    for index, (text, score, _) in enumerate(pieces):
        if text in known:
            for cut in range(1, len(text)):
                left, right = text[:cut], text[cut:]
                if left in known and right in known:
                    found.append((-score, index, not text.startswith(right), cut, left, right))
    return [(left, right) for *_, left, right in sorted(found)]


def _normaliser(model: SentencePieceModel) -> normalizers.Normalizer:
    """SentencePiece's normalisation: character map, extra spaces, the dummy prefix, and ▁ for a space."""
    steps: list[normalizers.Normalizer] = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    if model.remove_extra_whitespaces:
        steps += [normalizers.Replace(Regex(r"\A +"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    steps += [normalizers.Prepend(SPACE)] if model.add_dummy_prefix else []
    steps += [normalizers.Replace(" ", SPACE)]
    if model.remove_extra_whitespaces:
        steps += [normalizers.Replace(Regex(rf"{SPACE}+\z"), "")]
    return normalizers.Sequence(steps)


def _decoder(model: SentencePieceModel) -> decoders.Decoder:
    strip = [decoders.Strip(content=" ", left=1)] if model.add_dummy_prefix else []
    return decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *strip])


def _mark(text: str, *, word: bool = False) -> AddedToken:
    return AddedToken(text, special=True, normalized=False, single_word=word)


def build_tokenizer(path: Path, marks: Sequence[str] = (), *, template: str = "") -> PreTrainedTokenizerFast:
    """A fast tokenizer with SentencePiece's ids for any text, and `marks` as special tokens right after its pieces.

    Marks without a bracket (ChatGLM3's `sop`, `eop`) are recognised only as words of their own: other engines, which read a
    rendered template as one text, must not find them inside 'philosophy'.

    Raises:
        ModelError: the file is no SentencePiece BPE model.
    """
    model = read_sentencepiece(path)
    unknown, control = model.of_type(UNKNOWN), model.of_type(CONTROL)
    vocab = {text: index for index, (text, _, _) in enumerate(model.pieces)}
    core = Tokenizer(
        BPE(vocab, merges(model.pieces), unk_token=unknown[0], fuse_unk=True, byte_fallback=bool(model.of_type(BYTE)))
    )
    core.normalizer = _normaliser(model)
    core.decoder = _decoder(model)
    core.add_special_tokens([_mark(text) for text in [*unknown, *control]])
    core.add_special_tokens([_mark(text, word=text.isalpha()) for text in marks])
    bos, eos = (control[i] if i < len(control) else unknown[0] for i in (0, 1))
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token=unknown[0],
        pad_token=unknown[0],
        bos_token=bos,
        eos_token=eos,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        chat_template=template or None,
    )


def disagreements(tokenizer: PreTrainedTokenizerBase, path: Path) -> tuple[int, int]:
    """How many of how many texts get other ids than from SentencePiece itself: (0, n) is right.

    The texts are neighbouring vocabulary pieces, and characters that a model with a character map may join where a fast tokenizer
    does not.
    """
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(path))
    pieces = read_sentencepiece(path).of_type(NORMAL, USER_DEFINED)
    texts = [
        "ｶﾞ",
        "\u1112\u1161\u11ab",
        *("".join(pieces[i : i + 8]).replace(SPACE, " ") for i in range(0, len(pieces), 4)),
    ]
    found = [tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) for text in texts]
    return sum(ids != processor.encode(text) for ids, text in zip(found, texts, strict=True)), len(texts)
