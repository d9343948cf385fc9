"""Training hotel-mini: a short run learns, and one that was killed goes on where it was saved."""

import itertools
import json
import random

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from chatbot.core.errors import TrainingError
from chatbot.corpus.phrasebank.turns import Turn
from chatbot.models.conversion.grow import grown
from chatbot.training.hotel_mini import POOL, ActTrainer, ActTrainingConfig, act_loss, batches, collate, encoded
from chatbot.understanding.turn_act import TurnAct
from tests.tiny_models import act_tokenizer, tiny_act_llama

SAID = [
    ("要经济型的", {}, "request type=经济型"),
    ("三百以内", {"type": "经济型"}, "refine price<=300"),
    ("谢谢", {"type": "经济型"}, "thanks"),
    ("还要能打麻将", {"type": "豪华型"}, "refine +棋牌室"),
]
TURNS = [
    Turn(before, (), words.replace("三百", "300"), TurnAct.parse(line), line.split()[0]) for words, before, line in SAID
]
pytestmark = pytest.mark.usefixtures("one_thread")


def clock(seconds=1.0):
    """A clock that is a second later each time that it is looked at, so that a run has the same steps on any machine."""
    return itertools.count(0, seconds).__next__


def config(**changes):
    return ActTrainingConfig(**{"seconds": 40, "warmup_steps": 2, "learning_rate": 1e-2, "save_every": 10, "batch_tokens": 512} | changes)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return act_tokenizer()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return tiny_act_llama(tmp_path_factory.mktemp("start"))


@pytest.fixture
def trainer(tmp_path, tokenizer, start):
    """A function that opens the run in this test's folder."""
    return lambda **changes: ActTrainer(tmp_path / "run", tokenizer, config(**changes), start, clock())


def loss(model, tokenizer):
    rows = [encoded(turn, tokenizer, config(word_noise=0), random.Random(0)) for turn in TURNS]
    with torch.no_grad():
        return act_loss(model, *collate(rows, int(tokenizer.pad_token_id)), smoothing=0.0)[1]


def test_a_short_run_lowers_the_loss_and_leaves_a_checkpoint(trainer, tokenizer, tmp_path):
    run = trainer()
    before = loss(run.model, tokenizer)
    run.run(itertools.cycle(TURNS))
    assert loss(run.model, tokenizer) < before * 0.7
    assert run.progress.step > 10
    assert json.loads((tmp_path / "run" / "train.json").read_text())["learning_rate"] == 1e-2
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_what_is_saved_may_hold_a_share_of_the_start(trainer, start, tmp_path):
    run = trainer(start_share=0.25)
    run.run(itertools.cycle(TURNS))
    begun, saved = (load_file(folder / "model.safetensors") for folder in (start, tmp_path / "run" / "model"))
    again = trainer(start_share=0.25)
    for name, own in again.average.items():
        assert torch.allclose(saved[name], 0.75 * own + 0.25 * begun[name], atol=1e-6)
    assert any(not torch.allclose(own, begun[name], atol=1e-4) for name, own in again.average.items())


@pytest.mark.parametrize("size", [{"layers": 3}, {"inner": 96}, {"layers": 4, "inner": 80}], ids=str)
def test_a_grown_start_answers_as_before_and_what_is_new_learns(trainer, start, tokenizer, size):
    finished = LlamaForCausalLM.from_pretrained(start)
    larger = trainer(**size)
    assert larger.model.num_parameters() > finished.num_parameters()
    assert loss(larger.model, tokenizer) == pytest.approx(loss(finished, tokenizer))
    before = [layer.mlp.down_proj.weight.clone() for layer in larger.model.model.layers]
    new = [(weight == 0).all(0) for weight in before]
    assert any(columns.any() for columns in new)
    larger.run(itertools.cycle(TURNS))
    for layer, columns in zip(larger.model.model.layers, new, strict=True):
        assert (layer.mlp.down_proj.weight[:, columns] != 0).all()


def test_a_start_is_never_made_smaller(start):
    model = LlamaForCausalLM.from_pretrained(start)
    assert grown(model, layers=1, inner=8) is model


def killed(turns):
    """Turns that end with a kill while the second pool of batches is made."""
    yield from itertools.islice(itertools.cycle(turns), POOL)
    raise KeyboardInterrupt


def test_a_run_that_was_killed_goes_on_at_the_step_that_was_saved(trainer, tmp_path):
    first = trainer(seconds=10**6, save_every=0)
    with pytest.raises(KeyboardInterrupt):
        first.run(killed(TURNS))
    (tmp_path / "run" / "state.pt.part").write_bytes(b"torn")
    again = trainer(seconds=first.progress.seconds + 5)
    assert again.progress == first.progress and first.progress.step > 10
    assert all(torch.equal(one, other) for one, other in zip(first.model.parameters(), again.model.parameters(), strict=True))  # fmt: skip
    again.run(itertools.cycle(TURNS))
    assert again.progress.step > first.progress.step
    assert again.progress.examples > first.progress.examples


def test_the_rate_warms_up_stays_and_falls(trainer):
    run = trainer(seconds=100, warmup_steps=10, decay_share=0.5)
    rates = []
    for step, seconds in ((0, 0), (9, 10), (500, 50), (600, 75), (700, 100)):
        run.progress.step, run.progress.seconds = step, seconds
        rates.append(run.rate() / 1e-2)
    assert rates == pytest.approx([0.1, 1, 1, 0.5, 0.03])


def test_a_loss_that_is_no_number_ends_the_run(trainer):
    run = trainer()
    with torch.no_grad():
        next(run.model.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingError):
        run.run(itertools.cycle(TURNS))


def test_batches_hold_like_lengths_within_the_budget_and_every_turn(tokenizer):
    made = batches(itertools.cycle(TURNS), tokenizer, config(), random.Random(0))
    seen = 0
    while seen < POOL:
        batch = next(made)
        longest = max(len(ids) for ids, _, _ in batch)
        assert len(batch) * longest <= 512
        seen += len(batch)
    assert seen == POOL


def test_words_are_never_spoiled_where_the_line_copies_them(tokenizer):
    noisy = config(word_noise=0.9)
    plain = config(word_noise=0)
    copies, other = TURNS[1], TURNS[3]
    rows = [[encoded(turn, tokenizer, c, random.Random(1)) for c in (noisy, plain)] for turn in (copies, other)]
    assert rows[0][0] == rows[0][1]
    assert rows[1][0] != rows[1][1]


def test_padding_is_not_learnt(tokenizer):
    short, long = (encoded(turn, tokenizer, config(), random.Random(0)) for turn in (TURNS[2], TURNS[1]))
    ids, labels, weights = collate([short, long], int(tokenizer.pad_token_id))
    padded = ids.shape[1] - len(short[0])
    assert padded > 0
    assert labels[0, -padded:].tolist() == [-100] * padded and weights[0, -padded:].sum() == 0
