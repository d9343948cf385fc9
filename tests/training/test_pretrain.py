"""Training from scratch: a small run learns, a run that was cut off goes on, and the tokenizer keeps what calls must copy."""

import json

import pytest
from transformers import AutoModelForCausalLM, LlamaConfig

from chatbot.core.errors import TrainingError
from chatbot.core.messages import write_conversations
from chatbot.corpus.selfplay.recipe import selfplay_data
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.models.families.hotel_mini import END, PAD, SPECIAL_TOKENS
from chatbot.models.local import LocalModel
from chatbot.training import pretrain as module
from chatbot.training.pretrain import PretrainConfig, TokenBatches, pretrain
from chatbot.training.tokenizer import train_tokenizer

TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


@pytest.fixture
def config(store, tmp_path, monkeypatch):
    monkeypatch.setitem(
        module.PRESETS,
        "tiny",
        lambda v: LlamaConfig(vocab_size=v, **TINY, max_position_embeddings=1024, tie_word_embeddings=True),
    )
    data = tmp_path / "data.jsonl"
    write_conversations(data, selfplay_data(list(store.hotels), 60, 3, colloquial=0.0))
    return PretrainConfig(
        data=(data,),
        out=tmp_path / "model",
        preset="tiny",
        max_steps=12,
        save_steps=6,
        batch_tokens=512,
        warmup_steps=2,
    )


def losses(output: str) -> list[tuple[int, float]]:
    return [
        (row["step"], row["loss"])
        for line in output.splitlines()
        if line.startswith('{"step"')
        for row in [json.loads(line)]
    ]


def test_a_run_makes_a_model_that_the_workbench_opens_and_that_has_learnt_something(config, capsys, cpu_dtype):
    folder = pretrain(config.model_copy(update=dict(max_steps=40, replies_only=True)))
    told = losses(capsys.readouterr().out)
    assert [step for step, _ in told] == [20, 40]
    assert told[1][1] < told[0][1]
    model = LocalModel.load(folder)
    assert model.family.name == "hotel-mini"
    assert model.model.get_input_embeddings().weight is model.model.get_output_embeddings().weight


def test_a_run_that_was_cut_off_goes_on_to_the_same_weights(config, cpu_dtype):
    whole = AutoModelForCausalLM.from_pretrained(pretrain(config)).state_dict()
    cut = config.model_copy(update=dict(out=config.out.with_name("cut")))
    pretrain(cut)
    for late in cut.out.glob("checkpoint-12"):
        late.rename(cut.out / "gone")
    (cut.out / "model.safetensors").unlink()
    resumed = AutoModelForCausalLM.from_pretrained(pretrain(cut)).state_dict()
    assert all(((whole[name] - resumed[name]).abs() < 1e-5).all() for name in whole)


def test_bf16_ends_at_other_weights_than_fp32_and_the_record_tells_which_it_was(config, set_cpu_dtype):
    ends = {}
    for wanted in ("fp32", "bf16"):
        set_cpu_dtype(wanted)
        folder = pretrain(config.model_copy(update=dict(out=config.out / wanted, max_steps=2)))
        told = json.loads((folder / "config_run.json").read_text())["numerics"]
        ends[told["autocast"]] = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    assert set(ends) == {None, "bfloat16"}
    assert any(not weight.equal(ends["bfloat16"][name]) for name, weight in ends[None].items())


def test_batches_hold_every_example_once_and_keep_to_their_tokens():
    lengths = [5, 90, 40, 40, 7, 300, 8]
    batches = list(TokenBatches(lengths, 120, seed=1))
    assert sorted(i for batch in batches for i in batch) == list(range(7))
    assert all(max(lengths[i] for i in batch) * len(batch) <= 120 or len(batch) == 1 for batch in batches)


def test_facilities_and_types_are_single_tokens_and_any_text_survives():
    tokenizer = train_tokenizer(["我想找提供棋牌室和健身房的经济型酒店"] * 3, 4700, SPECIAL_TOKENS, pad=PAD, end=END)
    for word in (*FACILITIES, *HOTEL_TYPES):
        trained = train_tokenizer([f"有{word}的"] * 3, 4700, SPECIAL_TOKENS, pad=PAD, end=END)
        assert word in trained.convert_ids_to_tokens(trained.encode(f"要{word}"))
        break
    text = "𝕏 想找 <0x41> 7天🏨\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(
    ("change", "what"), [({"preset": "gpt9"}, "unknown preset"), ({"data": ()}, "no conversation")]
)
def test_what_cannot_be_trained_is_told_with_its_remedy(config, change, what):
    with pytest.raises(TrainingError, match=what) as told:
        pretrain(config.model_copy(update=change))
    assert told.value.remedy
