"""Claims about which family a folder belongs to."""

import json

import pytest

from chatbot.core.errors import InputError, ModelError
from chatbot.core.messages import reply, user
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer
from chatbot.models.registry import NAMES, TEMPLATES, family, family_name, family_of, write_family


def write(folder, **files):
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("name", ["hotel-mini", "chatglm3", "llama2"])
def test_a_saved_family_wins_whatever_else_the_folder_holds(tmp_path, name):
    write(tmp_path, config={"model_type": "llama", "vocab_size": 32000}, workbench={"seed": 3})
    write_family(tmp_path, name)
    assert family_of(tmp_path) is family(name)
    assert json.loads((tmp_path / "workbench.json").read_text()) == {"seed": 3, "family": name}


@pytest.mark.parametrize("name", ["chatglm3", "llama2"])
def test_the_familys_template_lies_beside_the_checkpoint(tmp_path, name):
    write_family(tmp_path, name)
    assert (tmp_path / "chat_template.jinja").read_text() == (TEMPLATES / f"{name}.jinja").read_text()


def test_an_adapter_without_a_family_is_of_its_bases(tmp_path):
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    base.mkdir()
    adapter.mkdir()
    write_family(base, "chatglm3")
    write(adapter, adapter_config={"base_model_name_or_path": str(base)})
    assert family_of(adapter).name == "chatglm3"


@pytest.mark.parametrize(
    ("template", "config", "name"),
    [
        ("", {"model_type": "llama", "vocab_size": 32000}, "llama2"),
        ("{{ '<<SYS>>' }}", {"model_type": "llama", "vocab_size": 32000}, "llama2"),
        ("{{ '<|im_start|>' }}", {"model_type": "llama", "vocab_size": 32000}, "template"),
        ("{{ '<|im_start|>' }}", {"model_type": "qwen2", "vocab_size": 151936}, "template"),
    ],
)
def test_a_downloaded_model_is_recognised(tmp_path, template, config, name):
    write(tmp_path, config=config, tokenizer_config={"chat_template": template} if template else {})
    assert family_name(tmp_path) == name


def test_a_small_llama_with_a_sentencepiece_tokenizer_is_taken_for_a_llama2(tokenizer_model, tmp_path):
    write(tmp_path, config={"model_type": "llama", "vocab_size": 600})
    (tmp_path / "tokenizer.model").write_bytes(tokenizer_model)
    assert family_name(tmp_path) == "llama2"


def test_a_folder_with_its_own_template_becomes_a_family(tokenizer_model, tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(tokenizer_model)
    tokenizer = build_tokenizer(tmp_path / "tokenizer.model", ("<|end|>", "<|stop|>"))
    tokenizer.eos_token = "<|end|>"
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}:{{ m.content }}<|stop|>{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
    tokenizer.save_pretrained(tmp_path)
    write(
        tmp_path,
        config={"model_type": "llama"},
        generation_config={"eos_token_id": tokenizer.convert_tokens_to_ids("<|stop|>")},
    )
    found = family_of(tmp_path)
    assert found.stops == ("<|stop|>", "<|end|>")
    assert [(p.text or p.token, p.trained) for p in found.pieces([user("你好"), reply("您好")], [])] == [
        ("user:你好", False),
        ("<|stop|>", False),
        ("assistant:", False),
        ("您好", True),
        ("<|stop|>", True),
    ]


def test_what_cannot_be_known_is_said(tmp_path):
    with pytest.raises(ModelError, match="nothing in the folder tells"):
        family_of(tmp_path)
    write(tmp_path, workbench={"family": "newer"})
    with pytest.raises(ModelError, match="does not know"):
        family_of(tmp_path)
    (tmp_path / "workbench.json").write_text("[")
    with pytest.raises(ModelError, match="could not be read"):
        family_of(tmp_path)
    with pytest.raises(InputError, match="Known families"):
        family("gpt")
    with pytest.raises(InputError, match="Give the model's folder"):
        family("template")
    with pytest.raises(InputError, match="no model family"):
        write_family(tmp_path, "gpt")
    assert set(NAMES) == {"act-line", "hotel-mini", "chatglm3", "llama2", "template"}
