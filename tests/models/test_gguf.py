"""A model as a GGUF file: read back by another reader it has the same logits, splits text alike, and makes the same calls."""

import json
import shutil

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, trainers
from transformers import AutoModelForCausalLM, GemmaTokenizer

from chatbot.core.errors import InputError, ModelError
from chatbot.core.messages import Conversation, reply, user
from chatbot.core.settings import Settings
from chatbot.models.bring.add import add
from chatbot.models.bring.round_trip import EXAMPLE, TOOLS
from chatbot.models.bring.source import unpack
from chatbot.models.conversion.gguf_check import call_contexts, compare_calls
from chatbot.models.conversion.gguf_export import QUANTIZER, export_gguf
from chatbot.models.loading import load_tokenizer
from chatbot.models.registry import family_of
from chatbot.models.render import render
from tests.models.test_bring import SHAPES, SIZES, WINDOW, random_model
from tests.tiny_models import WORDS, tiny_act_llama, tiny_adapter

gguf = pytest.importorskip("gguf")
pytestmark = pytest.mark.usefixtures("one_thread")
WIDE = SIZES | {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
KINDS = {
    "Llama": ("llama", WIDE),
    "Qwen 2": ("qwen2", {key: value for key, value in WIDE.items() if key != "head_dim"}),
    "Qwen 3": ("qwen3", WIDE | {"head_dim": 128}),  # as every one of them has, and as the reader takes for granted
    "Gemma 3": ("gemma3_text", SIZES | WINDOW | {"num_hidden_layers": 6}),
}


def pieces_tokenizer():
    """As Gemma's: SentencePiece's pieces with bytes for what is in none, and marks for turns."""
    inner = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    inner.normalizer = normalizers.Replace(" ", "▁")
    marks = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
    special = marks + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False)
    inner.train_from_iterator([*WORDS * 5, "a call {} in a role"], trainer)
    told = json.loads(inner.to_str())["model"]
    tokenizer = GemmaTokenizer(vocab=told["vocab"], merges=[tuple(pair) for pair in told["merges"]])
    tokenizer.add_tokens(marks[-2:], special_tokens=True)
    return tokenizer


@pytest.fixture
def brought(tmp_path):
    """A function that makes a model of a kind as the workbench keeps it."""

    def make(kind):
        tokenizer = pieces_tokenizer() if kind == "Gemma 3" else None
        source = random_model(tmp_path / "source", *KINDS[kind], tokenizer=tokenizer)
        return add(str(source), Settings(workspace=tmp_path / "workspace"), name="mine").folder

    return make


def logits(folder, ids):
    with torch.inference_mode():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(torch.tensor([ids])).logits


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_the_weights_the_tokenizer_and_the_template(kind, brought, tmp_path):
    folder = brought(kind)
    file = export_gguf(folder, tmp_path / "mine.gguf", "f32")
    unpack(file, tmp_path / "back", "float32")
    ids = render(EXAMPLE, TOOLS, family_of(folder), load_tokenizer(folder)).ids
    tokenizers = [load_tokenizer(place) for place in (folder, tmp_path / "back")]
    text = "想找300元以内、能打麻将的hotel？\n<|im_end|> 12:30"
    encoded = [tokenizer(text, add_special_tokens=False)["input_ids"] for tokenizer in tokenizers]
    if kind != "Qwen 3":  # there the reader splits as Qwen's own tokenizer does, whatever the file says
        assert encoded[0] == encoded[1]
    assert tokenizers[0].chat_template == tokenizers[1].chat_template
    assert torch.allclose(logits(folder, ids), logits(tmp_path / "back", ids), atol=1e-5)


def test_coarser_files_are_smaller_and_vectors_stay_whole(brought, tmp_path):
    folder = brought("Llama")
    files = {form: export_gguf(folder, tmp_path / f"{form}.gguf", form) for form in ("f16", "q8_0", "q4_0")}
    sizes = [file.stat().st_size for file in files.values()]
    assert sizes == sorted(sizes, reverse=True)
    kinds = {t.name: t.tensor_type.name for t in gguf.GGUFReader(files["q4_0"]).tensors}
    assert kinds["blk.0.attn_q.weight"] == "Q4_0" and kinds["blk.0.attn_norm.weight"] == "F32"


@pytest.mark.skipif(shutil.which(QUANTIZER) is None, reason="needs llama.cpp's llama-quantize")
def test_llama_cpp_makes_the_forms_that_the_library_does_not_write(tmp_path):
    source = random_model(tmp_path / "source", "llama", WIDE | {"hidden_size": 256, "intermediate_size": 512})
    folder = add(str(source), Settings(workspace=tmp_path / "workspace"), name="mine").folder
    files = [export_gguf(folder, tmp_path / f"{form}.gguf", form) for form in ("f16", "q4_k_m")]
    sizes = [file.stat().st_size for file in files]
    assert sizes[1] < sizes[0]
    kinds = {t.name: t.tensor_type.name for t in gguf.GGUFReader(files[1]).tensors}
    assert kinds["blk.0.attn_q.weight"] == "Q4_K" and kinds["blk.0.attn_norm.weight"] == "F32"
    assert sorted(path.name for path in tmp_path.glob("*.gguf*")) == ["f16.gguf", "q4_k_m.gguf"]


TOOLS_OF_OTHERS = {
    "none": (None, "is not on this machine"),
    "one that fails": ("#!/bin/sh\necho no room >&2\nexit 3\n", "wrote no file.*no room"),
    "one that lies": ("#!/bin/sh\nexit 0\n", "wrote no file"),
}


@pytest.mark.parametrize("tool", TOOLS_OF_OTHERS)
def test_a_quantizer_that_is_missing_or_fails_leaves_nothing_behind(tool, brought, tmp_path, monkeypatch):
    script, told = TOOLS_OF_OTHERS[tool]
    bins = tmp_path / "bin"
    bins.mkdir()
    if script:
        (bins / QUANTIZER).write_text(script)
        (bins / QUANTIZER).chmod(0o755)
    folder = brought("Llama")
    monkeypatch.setenv("PATH", str(bins))
    with pytest.raises(ModelError, match=told):
        export_gguf(folder, tmp_path / "x.gguf", "q4_k_m")
    assert not list(tmp_path.glob("x.gguf*"))


def test_a_file_answers_as_its_folder_does(brought, tmp_path):
    folder = brought("Llama")
    file = export_gguf(folder, tmp_path / "mine.gguf", "f32")
    asked = [Conversation(id=str(k), source="x", messages=[user("你好" * k), *EXAMPLE[:2]]) for k in range(1, 3)]
    asked.append(Conversation(id="plain", source="y", messages=[user("在吗"), reply("在")]))
    contexts = call_contexts(asked, 50)
    assert [len(context) for context in contexts] == [2, 2]
    seen = []
    found = compare_calls(folder, file, contexts, lambda done, total: seen.append((done, total)), most_tokens=40)
    assert (found.asked, found.same) == (2, 2) and found.calls == found.same_calls
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_what_no_file_can_hold_is_refused_with_what_helps(brought, base, tmp_path):
    folder = brought("Llama")
    out = tmp_path / "x.gguf"
    with pytest.raises(InputError, match=r"iq9.*Choose one of f32, f16.*q4_k_m"):
        export_gguf(folder, out, "iq9")
    with pytest.raises(ModelError, match=r"writes act lines.*/v1"):
        export_gguf(tiny_act_llama(tmp_path / "acts"), out)
    with pytest.raises(ModelError, match="Merge it first"):
        export_gguf(tiny_adapter(base, tmp_path / "adapter"), out)
    other = random_model(tmp_path / "gemma", *SHAPES["Gemma 3"], template="{{ messages[0].content }}")
    with pytest.raises(ModelError, match="other layers look through a window"):
        export_gguf(other, out)
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="stretches its rotary positions"):
        export_gguf(folder, out)
    assert not out.exists() and not list(tmp_path.glob("*.part"))
    out.touch()
    with pytest.raises(InputError, match="exists already"):
        export_gguf(folder, out)


def test_a_window_that_llama_does_not_know_bounds_the_context(tmp_path):
    folder = random_model(tmp_path / "mistral", "mistral", SIZES | WINDOW, template="{{ messages[0].content }}")
    reader = gguf.GGUFReader(export_gguf(folder, tmp_path / "m.gguf"))
    assert reader.fields["llama.context_length"].contents() == WINDOW["sliding_window"]
