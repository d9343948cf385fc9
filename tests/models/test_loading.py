"""Loading: precisions, adapters, switching, and what is said when a folder cannot be loaded."""

import json

import pytest
import torch
from peft import PromptTuningConfig
from sentencepiece import SentencePieceProcessor

from chatbot.core.errors import InputError, ModelError
from chatbot.models.loading import load_adapters, load_base, load_tokenizer, using
from tests.tiny_models import tiny_adapter, tiny_llama

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
IDS = torch.tensor([[5, 60, 61, 62, 63]])


@pytest.fixture(scope="module")
def adapters(base, tmp_path_factory):
    return {
        name: tiny_adapter(base, tmp_path_factory.mktemp(name), seed=seed)
        for seed, name in enumerate(("one", "two"), 1)
    }


def logits(model):
    with torch.inference_mode():
        return model(input_ids=IDS).logits.float()


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_weights_are_loaded_in_the_asked_precision(base, precision, dtype):
    model = load_base(base, precision, device="cpu")
    assert {p.dtype for p in model.parameters()} == {dtype}
    assert not model.training


def test_nf4_stores_linear_layers_in_four_bits_and_stays_close_to_fp32(base):
    model = load_base(base, "nf4", device="cpu")
    layer = model.model.layers[0].mlp.up_proj
    assert layer.weight.dtype == torch.uint8 and layer.weight.quant_state.nested
    assert layer.weight.numel() == 64 * 128 // 2
    assert (logits(model) - logits(load_base(base, "fp32", device="cpu"))).abs().max() < 0.2


def test_auto_is_what_the_setting_says(base, cpu_dtype):
    assert load_base(base, device="cpu").dtype == DTYPES[cpu_dtype]


def test_adapters_share_one_base_and_switching_changes_the_answers(base, adapters):
    bare = logits(load_base(base, "fp32", device="cpu"))
    alone = {
        name: logits(load_adapters(load_base(base, "fp32", device="cpu"), {name: folder}))
        for name, folder in adapters.items()
    }
    model = load_adapters(load_base(base, "fp32", device="cpu"), adapters)
    assert torch.allclose(logits(model), alone["one"])
    with using(model, "two"):
        assert torch.allclose(logits(model), alone["two"])
    with using(model, None):
        assert torch.allclose(logits(model), bare)
    assert torch.allclose(logits(model), alone["one"])
    assert not torch.allclose(alone["one"], alone["two"], atol=1e-2)


def test_an_adapter_works_on_the_four_bit_base(base, adapters, cpu_dtype):
    model = load_adapters(load_base(base, "nf4", device="cpu"), {"one": adapters["one"]})
    with using(model, None):
        bare = logits(model)
    assert (logits(model) - bare).abs().max() > 0.05


@pytest.mark.parametrize("name", ["v1.2", "lora", "酒店", "a_b"])
def test_any_name_can_be_given_to_an_adapter(base, adapters, name):
    model = load_adapters(load_base(base, "fp32", device="cpu"), {name: adapters["one"]})
    active = logits(model)
    with using(model, None):
        assert not torch.allclose(logits(model), active, atol=1e-2)
    with using(model, name):
        assert torch.equal(logits(model), active)


def test_a_learned_prompt_loads_like_any_adapter(base, tmp_path):
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    model = load_adapters(load_base(base, "fp32", device="cpu"), {"prompt": tiny_adapter(base, tmp_path, config)})
    assert logits(model).shape[1] >= IDS.shape[1]


def test_an_unknown_adapter_name_is_refused(base, adapters):
    model = load_adapters(load_base(base, device="cpu"), adapters)
    with pytest.raises(ModelError, match="three"), using(model, "three"):
        pass


def test_an_original_chatglm_folder_says_what_to_run(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "chatglm", "auto_map": {"AutoModel": "x"}}))
    with pytest.raises(ModelError, match="convert-chatglm"):
        load_base(tmp_path)


@pytest.mark.parametrize("content", [None, "{", '{"model_type": "no-such-model"}'])
def test_a_folder_without_a_usable_model_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=tmp_path.name):
        load_base(tmp_path)


def test_a_folder_with_broken_weights_is_named(base, tmp_path):
    (tmp_path / "config.json").write_text((base / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match=tmp_path.name):
        load_base(tmp_path)


def test_an_unknown_precision_lists_the_known_ones(base):
    with pytest.raises(InputError, match="nf4"):
        load_base(base, "int3")


def test_an_adapter_of_another_shape_is_refused(base, tmp_path):
    other = tiny_adapter(tiny_llama(tmp_path / "other", hidden=32), tmp_path / "adapter")
    with pytest.raises(ModelError, match="does not fit"):
        load_adapters(load_base(base, device="cpu"), {"other": other})


def test_a_folder_without_an_adapter_is_named(base, tmp_path):
    with pytest.raises(ModelError, match="adapter_config"):
        load_adapters(load_base(base, device="cpu"), {"none": tmp_path})


def test_the_adapters_tokenizer_wins_over_its_bases(base, tmp_path):
    tokenizer = load_tokenizer(base)
    tokenizer.chat_template = "of the adapter"
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(base, tmp_path).chat_template == "of the adapter"
    assert load_tokenizer(base, base.parent).chat_template != "of the adapter"


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(ModelError, match=tmp_path.name):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("template", ["", "{% for m in messages %}{{ m.content }}{% endfor %}"])
def test_a_tokenizer_model_alone_is_read_with_the_ids_of_sentencepiece(tokenizer_model, tmp_path, template):
    (tmp_path / "tokenizer.model").write_bytes(tokenizer_model)
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "LlamaTokenizer"} | ({"chat_template": template} if template else {}))
    )
    tokenizer = load_tokenizer(tmp_path)
    texts = ["  你好 便宜的", "[INST] <<SYS>>\n酒店\n<</SYS>>\n\n你好 [/INST]", "</s><s>"]
    processor = SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    assert [
        tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) for text in texts
    ] == processor.encode(texts)
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.chat_template or "") == ("<s>", "</s>", template)
