"""Claims about the fast tokenizer built from a SentencePiece model."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from transformers import AutoTokenizer

from chatbot.core.errors import ModelError
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer, disagreements, merges, read_sentencepiece
from chatbot.models.families.chatglm3 import MARKS
from tests.chatglm_original import train_sentencepiece

SNIPPETS = [
    "你好",
    "便宜的",
    "酒店",
    "aba",
    "ab",
    "aa",
    "a",
    "hello",
    " ",
    "  ",
    "\n",
    "\t",
    "\r\n",
    "▁",
    "2023",
    "0",
    "，",
    "。",
]
SNIPPETS += ["😀", "👩\u200d👩\u200d👧", "é", "\u3000", "ﬁ", "①"]
TYPED_MARKS = [*MARKS, "<s>", "</s>", "<unk>", "<0x0A>", "<0xE4>"]
TEXTS = (
    st.text()
    | st.text(alphabet="ab 你好1\n", max_size=40)
    | st.lists(st.sampled_from(SNIPPETS + TYPED_MARKS), max_size=24).map("".join)
)


class Pair:
    """A model as SentencePiece and as our fast tokenizer, saved and loaded again."""

    def __init__(self, folder, **options):
        self.path = folder / "tokenizer.model"
        self.path.write_bytes(train_sentencepiece(**options))
        self.sentencepiece = SentencePieceProcessor(model_file=str(self.path))
        build_tokenizer(self.path, MARKS).save_pretrained(folder / "fast")
        self.fast = AutoTokenizer.from_pretrained(folder / "fast", trust_remote_code=False)

    def encode(self, text):
        return self.fast.encode(text, add_special_tokens=False, split_special_tokens=True)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="module")
def collapsing(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("collapsing"), remove_extra_whitespaces=True)


@pytest.fixture(scope="module")
def normalising(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("nfkc"), normalization_rule_name="nmt_nfkc", remove_extra_whitespaces=True)


@pytest.fixture(scope="module")
def symbols(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("symbols"), user_defined_symbols=["a", "便", "2", "▁"], split_digits=True)


@given(text=TEXTS)
@example(text="  你好  便宜的\n\n aabaaaba")
@settings(max_examples=250, deadline=None)
def test_any_text_gets_the_ids_of_sentencepiece(pair, text):
    assert pair.encode(text) == pair.sentencepiece.encode(text)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_ids_are_read_back_as_sentencepiece_does(pair, text):
    ids = pair.encode(text)
    assert pair.fast.decode(ids) == pair.sentencepiece.decode(ids)


@given(text=st.lists(st.sampled_from(SNIPPETS), max_size=24).map("".join))
@settings(max_examples=150, deadline=None)
def test_a_model_that_normalises_text_gets_the_same_ids_too(collapsing, normalising, text):
    assert collapsing.encode(text) == collapsing.sentencepiece.encode(text)
    assert normalising.encode(text) == normalising.sentencepiece.encode(text)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_a_model_with_characters_that_are_never_joined_gets_the_same_ids_too(symbols, text):
    assert symbols.encode(text) == symbols.sentencepiece.encode(text)


def test_marks_follow_the_pieces_in_chatglm3s_order(pair):
    first = pair.sentencepiece.vocab_size()
    assert pair.fast.convert_tokens_to_ids(list(MARKS)) == list(range(first, first + 9))
    assert (pair.fast.eos_token_id, pair.fast.pad_token_id, pair.fast.padding_side) == (2, 0, "left")


@pytest.mark.parametrize("mark", TYPED_MARKS)
def test_a_mark_that_somebody_types_stays_text(pair, mark):
    ids = pair.encode(f"你好{mark}user")
    assert pair.fast.convert_tokens_to_ids(mark) not in ids
    assert pair.fast.decode(ids) == f"你好{mark}user"


def test_a_rendered_template_is_read_as_marks_but_words_are_not(pair):
    marked = pair.fast.encode("[gMASK]sop<|user|>\n", add_special_tokens=False)
    assert marked[:3] == pair.fast.convert_tokens_to_ids(["[gMASK]", "sop", "<|user|>"])
    assert pair.fast.encode("philosophy eopard", add_special_tokens=False) == pair.sentencepiece.encode(
        "philosophy eopard"
    )


def test_disagreements_count_texts_with_other_ids(pair, normalising):
    wrong, tried = disagreements(pair.fast, pair.path)
    assert wrong == 0 and tried > 50
    assert disagreements(normalising.fast, normalising.path)[0] > 0
    reversed_merges = build_tokenizer(pair.path)
    state = reversed_merges.backend_tokenizer.model
    pieces = {text: index for index, (text, _, _) in enumerate(read_sentencepiece(pair.path).pieces)}
    reversed_merges.backend_tokenizer.model = type(state)(
        pieces, merges(read_sentencepiece(pair.path).pieces)[::-1], byte_fallback=True
    )
    assert disagreements(reversed_merges, pair.path)[0] > 0


def test_the_left_of_two_overlapping_equal_merges_comes_first():
    pieces = [("a", -3.0, 1), ("b", -4.0, 1), ("ab", -1.0, 1), ("ba", -2.0, 1), ("aba", -0.0, 1)]
    assert merges(pieces) == [("ab", "a"), ("a", "ba"), ("a", "b"), ("b", "a")]


def test_what_is_no_bpe_model_is_refused(tmp_path):
    path = tmp_path / "tokenizer.model"
    with pytest.raises(ModelError, match="is not a SentencePiece model"):
        read_sentencepiece(path)
    path.write_bytes(b"\xff\xff not a model")
    with pytest.raises(ModelError, match="is not a SentencePiece model"):
        read_sentencepiece(path)


@given(data=st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_file_makes_the_reader_raise_anything_else(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.model"
    path.write_bytes(data)
    with pytest.raises(ModelError):
        read_sentencepiece(path)
