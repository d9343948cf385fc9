"""The merges shown are those that the library learns, and the pieces those of the models' tokenizers."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from chatbot.core.settings import settings
from chatbot.lesson.merges import as_bytes, finished, learn
from chatbot.models.loading import load_tokenizer
from chatbot.understanding.normalise import model_words

WORDS = "找能打麻将的酒店，不要太贵的酒店，酒店附近能打麻将"


def test_each_merge_takes_the_pair_that_stands_most_often_and_makes_it_one_piece():
    before, after = learn(WORDS, "characters", 0), learn(WORDS, "characters", 1)
    first = before.merges[0]
    assert before.pairs[0] == (f"{first.left}+{first.right}", first.count) == ("酒+店", 3)
    assert len(before.pieces) - len(after.pieces) == first.count and after.pieces.count("酒店") == 3


@pytest.mark.parametrize("units", ["characters", "bytes"])
def test_the_sentence_never_changes_and_ends_where_no_pair_stands_twice(units):
    end = learn(WORDS, units, 999)
    assert end.done == len(end.merges) > 3 and end.pairs[0][1] == 1
    assert [merge.count for merge in end.merges] == sorted((m.count for m in end.merges), reverse=True)
    if units == "characters":
        assert "".join(end.pieces) == WORDS


def test_merges_in_bytes_are_those_of_gpt2s_pre_tokenizer():
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.train_from_iterator([WORDS], trainers.BpeTrainer(vocab_size=4096, min_frequency=2, show_progress=False))
    assert len(learn(WORDS, "bytes", 999).pieces) == len(bpe.encode(WORDS).tokens)
    assert len(learn(WORDS, "bytes", 0).pieces) == len(as_bytes(WORDS)) == 3 * len(WORDS)


@pytest.mark.parametrize("words", [WORDS, "<|user|> wifi 鑫", ""])
@pytest.mark.parametrize("which", ["tuned", "base"])
def test_finished_pieces_are_those_that_the_model_reads(which, words):
    folder = getattr(settings(), which)
    tokenizer = load_tokenizer(folder)
    ids = tokenizer(model_words(words), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert finished(folder, words) == tokenizer.convert_ids_to_tokens(ids)


def test_a_sentence_without_repetition_gives_no_merge():
    assert learn("你好", "characters", 3).merges == []
    assert learn("", "bytes", 3).pieces == []
