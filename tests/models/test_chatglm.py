"""Claims about converting an original ChatGLM3 checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GlmForCausalLM
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import ModelError
from chatbot.core.messages import call, observation, reply, user
from chatbot.models.backends import CallDelta
from chatbot.models.conversion.chatglm3 import convert
from chatbot.models.local import LocalModel
from chatbot.models.registry import family_of, write_family
from chatbot.models.render import render
from tests.chatglm_original import CONFIG, original_logits, random_weights, write_original

pytestmark = pytest.mark.usefixtures("one_thread")
TOOLS = [{"name": "search_hotels", "parameters": {"properties": {"type": {"type": "string"}}}}]
DIALOGUE = [user("便宜的酒店"), call({"type": "经济型"}), observation([{"name": "春晓"}]), reply("春晓便宜")]
IDS = torch.randint(0, 600, (40,), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def original(tokenizer_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    write_original(folder, tokenizer_model)
    return folder


@pytest.fixture(scope="module")
def converted(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted") / "native"
    assert convert(original, folder) == []
    return folder


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, local_files_only=True).eval()


def logits(folder):
    with torch.inference_mode():
        return load(folder)(input_ids=IDS[None]).logits[0]


def copy_with(folder, target, **changes):
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    (target / "config.json").write_text(json.dumps(CONFIG | changes))
    return target


def test_the_converted_model_computes_what_the_original_does(converted):
    assert isinstance(load(converted), GlmForCausalLM)
    assert (logits(converted) - original_logits(IDS, random_weights())).abs().max() < 1e-5


@pytest.mark.parametrize("rope_ratio", [50, 500])
def test_a_long_variant_stretches_the_rotary_base(tokenizer_model, tmp_path, rope_ratio):
    config = CONFIG | {"rope_ratio": rope_ratio, "seq_length": 32768}
    weights = write_original(tmp_path / "src", tokenizer_model, config)
    convert(tmp_path / "src", tmp_path / "dst")
    assert (logits(tmp_path / "dst") - original_logits(IDS, weights, config)).abs().max() < 1e-5
    assert (logits(tmp_path / "dst") - original_logits(IDS, weights)).abs().max() > 1e-3
    assert load(tmp_path / "dst").config.max_position_embeddings == 32768


@pytest.mark.parametrize("changes", [{"tie_word_embeddings": True}, {"kv_channels": None}, {"_name_or_path": ""}])
def test_what_the_original_code_overlooks_in_a_config_changes_nothing(converted, original, tmp_path, changes):
    convert(copy_with(original, tmp_path / "src", **changes), tmp_path / "dst")
    assert torch.equal(logits(tmp_path / "dst"), logits(converted))


def test_safetensors_shards_convert_to_the_same_model(converted, tokenizer_model, tmp_path):
    write_original(tmp_path / "src", tokenizer_model)
    for path in (tmp_path / "src").glob("pytorch_model*"):
        path.unlink()
    save_file(random_weights(), tmp_path / "src" / "model.safetensors")
    convert(tmp_path / "src", tmp_path / "dst")
    assert torch.equal(logits(tmp_path / "dst"), logits(converted))


def test_weights_keep_their_precision(tokenizer_model, tmp_path):
    write_original(tmp_path / "src", tokenizer_model)
    for path in (tmp_path / "src").glob("*.bin"):
        torch.save({name: tensor.half() for name, tensor in torch.load(path, weights_only=True).items()}, path)
    convert(tmp_path / "src", tmp_path / "dst")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "dst", dtype="auto")
    assert {p.dtype for p in model.parameters()} == {torch.float16}


def test_prefix_encoder_weights_are_left_out_with_a_note(tokenizer_model, tmp_path):
    write_original(
        tmp_path / "src", tokenizer_model, extra={"transformer.prefix_encoder.embedding.weight": torch.zeros(2, 2)}
    )
    assert convert(tmp_path / "src", tmp_path / "dst") == ["1 prefix-encoder tensors (P-Tuning v2) were left out"]
    load(tmp_path / "dst")


class Interrupted(Exception):
    pass


def test_an_interrupted_conversion_goes_on_where_it_stopped(converted, original, tmp_path):
    def stop(done, total, name):
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        convert(original, tmp_path / "dst", stop)
    assert not (tmp_path / "dst" / "config.json").exists()
    first = tmp_path / "dst" / "model-00001-of-00003.safetensors"
    written = first.stat().st_mtime_ns
    told = []
    convert(original, tmp_path / "dst", lambda done, total, name: told.append((done, total)))
    assert first.stat().st_mtime_ns == written
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert torch.equal(logits(tmp_path / "dst"), logits(converted))


def test_an_interrupted_conversion_still_tells_what_it_left_out(tokenizer_model, tmp_path):
    write_original(
        tmp_path / "src", tokenizer_model, extra={"transformer.prefix_encoder.embedding.weight": torch.zeros(2, 2)}
    )

    def stop(done, total, name):
        if done == total:
            raise Interrupted

    with pytest.raises(Interrupted):
        convert(tmp_path / "src", tmp_path / "dst", stop)
    assert convert(tmp_path / "src", tmp_path / "dst") == ["1 prefix-encoder tensors (P-Tuning v2) were left out"]


def test_a_half_written_shard_is_not_taken_for_a_whole_one(original, tmp_path):
    with pytest.raises(Interrupted):
        convert(original, tmp_path / "dst", lambda done, total, name: (_ for _ in ()).throw(Interrupted))
    (tmp_path / "dst" / "model-00001-of-00003.part").write_bytes(b"half")
    convert(original, tmp_path / "dst")
    load(tmp_path / "dst")


def test_a_folder_with_something_else_is_not_touched(original, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="holds something else"):
        convert(original, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"_name_or_path": "THUDM/chatglm2-6b"}, "ChatGLM2 has no role marks"),
        ({"position_encoding_2d": True}, "first generation"),
        ({"padded_vocab_size": 151552}, "glm-4-9b-chat-hf"),
        ({"quantization_bit": 4}, "quantization_bit must be 0"),
        ({"add_bias_linear": True}, "add_bias_linear must be False"),
        ({"rmsnorm": False}, "rmsnorm must be True"),
        ({"interleaved_qkv": True}, "interleaved_qkv must be False"),
        ({"add_qkv_bias": False}, r"has unexpected 6 weights.*q_proj\.bias"),
        ({"hidden_size": None}, "lacks a field"),
        ({"model_type": "llama"}, "not a ChatGLM checkpoint"),
        ({"model_type": "glm"}, "already in the native layout"),
        ({"padded_vocab_size": 605}, "does not belong to these weights"),
    ],
)
def test_what_is_not_chatglm3_is_refused_by_name(original, tmp_path, changes, words):
    with pytest.raises(ModelError, match=words):
        convert(copy_with(original, tmp_path / "src", **changes), tmp_path / "dst")


def test_a_chatglm2_without_its_name_is_known_by_its_tokenizer(original, tmp_path):
    source = copy_with(original, tmp_path / "src", _name_or_path="mine")
    (source / "tokenization_chatglm.py").write_text('special_tokens = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop"]')
    with pytest.raises(ModelError, match="ChatGLM2"):
        convert(source, tmp_path / "dst")


def test_missing_and_damaged_files_are_named(original, tmp_path):
    source = copy_with(original, tmp_path / "src")
    second = source / "pytorch_model-00002-of-00003.bin"
    second.write_bytes(second.read_bytes()[:200])
    with pytest.raises(ModelError, match=r"00002-of-00003\.bin could not be read"):
        convert(source, tmp_path / "dst")
    second.unlink()
    with pytest.raises(ModelError, match="1 of 3 weight files are missing"):
        convert(source, tmp_path / "dst2")


def test_a_weight_that_is_missing_is_named(tokenizer_model, tmp_path):
    write_original(tmp_path / "src", tokenizer_model, shards=1)
    [file] = (tmp_path / "src").glob("*.bin")
    weights = torch.load(file, weights_only=True)
    del weights["transformer.encoder.final_layernorm.weight"]
    torch.save(weights, file)
    with pytest.raises(ModelError, match=r"lacks 1 weights.*model\.norm\.weight"):
        convert(tmp_path / "src", tmp_path / "dst")


MEASURE = """
import sys
from pathlib import Path
from chatbot.models.conversion.chatglm3 import convert

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024

small, large, out = map(Path, sys.argv[1:])
convert(small, out / "small")  # whatever the libraries take once is taken here
before = peak()
convert(large, out / "large")
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel must tell a process's peak memory")
@pytest.mark.parametrize("legacy", [False, True], ids=["mapped", "written by an old torch"])
def test_converting_takes_less_memory_than_one_and_a_half_times_the_largest_shard(
    original, tokenizer_model, tmp_path, legacy
):
    write_original(
        tmp_path / "src", tokenizer_model, CONFIG | {"hidden_size": 1024, "ffn_hidden_size": 8192}, legacy=legacy
    )
    largest = max(path.stat().st_size for path in (tmp_path / "src").glob("*.bin"))
    assert largest > 50_000_000
    run = [sys.executable, "-c", MEASURE, original, tmp_path / "src", tmp_path]
    taken = int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert 0.3 * largest < taken < 1.5 * largest


class Payload:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_with_code_in_it_is_not_run(original, tmp_path, capsys):
    source = copy_with(original, tmp_path / "src")
    torch.save({"a": Payload()}, source / "pytorch_model-00001-of-00003.bin")
    with pytest.raises(ModelError, match="could not be read"):
        convert(source, tmp_path / "dst")
    assert "run" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def adapter(converted, tmp_path_factory):
    """A LoRA adapter that has learnt one dialogue by heart; its folder and its losses."""
    tokenizer = AutoTokenizer.from_pretrained(converted, trust_remote_code=False)
    family = family_of(converted)
    example = render(DIALOGUE, TOOLS, family, tokenizer)
    torch.manual_seed(0)
    model = get_peft_model(
        load(converted), LoraConfig(r=8, lora_alpha=32, target_modules=list(family.lora_targets), task_type="CAUSAL_LM")
    )
    ids, labels = torch.tensor([example.ids]), torch.tensor([example.labels])
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01)
    losses = [10.0]
    # Random output rows of this width cannot be told apart better than to a loss of about 1.1.
    while losses[-1] > 1.3 and len(losses) < 80:
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    write_family(folder, family.name)
    return folder, losses[1:]


def test_the_converted_model_learns_with_lora(adapter):
    assert adapter[1][-1] < adapter[1][0] / 5


def test_the_trained_model_calls_a_tool_and_answers_from_its_result(converted, adapter):
    model = LocalModel.load(converted, adapter[0], precision="fp32", device="cpu")
    assert list(model.generate(DIALOGUE[:1], TOOLS)) == [CallDelta(DIALOGUE[1].call)]
    assert "".join(delta.text for delta in model.generate(DIALOGUE[:3], TOOLS)) == "春晓便宜"


def test_generating_needs_nothing_of_ours(converted, adapter):
    tokenizer = AutoTokenizer.from_pretrained(converted, trust_remote_code=False)
    model = PeftModel.from_pretrained(load(converted), adapter[0])
    prompt = tokenizer.apply_chat_template(
        [m.to_dict() for m in DIALOGUE[:3]],
        tools=TOOLS,
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    written = model.generate(**prompt, max_new_tokens=30, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert tokenizer.decode(written) == "\n 春晓便宜<|user|>"


def test_the_command_converts_and_says_so(original, tmp_path):
    result = CliRunner().invoke(app, ["convert-chatglm", str(original), str(tmp_path / "dst"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"model": str(tmp_path / "dst"), "notes": []}
    assert "2/3 pytorch_model-00003-of-00003.bin" in result.stderr
    assert json.loads((tmp_path / "dst" / "workbench.json").read_text()) == {"family": "chatglm3"}


def test_an_unconverted_folder_says_what_to_run(original):
    with pytest.raises(ModelError, match="python -m chatbot convert-chatglm"):
        family_of(original)
