"""The mission's two families from one end to the other: a checkpoint as its authors publish it, trained, merged, and chatting with a tool call.

Weights are random and small; the tokenizer, the libraries and every step are those that a real checkpoint goes through.
"""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.messages import Conversation, call, reply, user, write_conversations
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.events import TurnEvent
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.models.families.chatglm3 import tools_text
from chatbot.models.local import LocalModel
from chatbot.models.registry import TEMPLATES, family_of, template_text
from tests.chatglm_original import NF4_CONFIG, train_sentencepiece, write_original
from tests.conftest import HOTELS

pytestmark = pytest.mark.usefixtures("one_thread")
ASKED, WISH, ANSWER = (
    "想找能打麻将的经济型酒店",
    {"type": "经济型", "facilities": ["能打麻将"]},
    "为您找到归途快捷酒店(北京云桥店)，价格200元。",
)
STORE = HotelStore(HOTELS[:1])
FOUND = STORE.search(HotelQuery.parse(WISH))
DIALOGUE = [user(ASKED), call(WISH), FOUND.message(), reply(ANSWER)]


@pytest.fixture(scope="module")
def tokenizer_model():
    """A tokenizer.model that knows the dialogue's words."""
    words = [
        "CALL: RESULT: [INST] [/INST] <<SYS>> <</SYS>>",
        "```python\ntool_call()\n```",
        tools_text([SEARCH_HOTELS]),
    ]
    lines = [line for text in [*words, *(m.content for m in DIALOGUE), json.dumps(WISH)] for line in text.split("\n")]
    return train_sentencepiece(1000, lines=lines * 3, hard_vocab_limit=False)


@pytest.fixture(scope="module")
def chatglm3(tokenizer_model, tmp_path_factory):
    """A ChatGLM3 checkpoint in the original layout, converted by the command."""
    folder = tmp_path_factory.mktemp("chatglm3")
    shape = {"seq_length": 4096, "padded_vocab_size": 1024}
    write_original(folder / "original", tokenizer_model, NF4_CONFIG | shape)
    done = CliRunner().invoke(app, ["convert-chatglm", str(folder / "original"), str(folder / "base"), "--json"])
    assert json.loads(done.stdout) == {"model": str(folder / "base"), "notes": []}
    return folder / "base"


@pytest.fixture(scope="module")
def llama2(tokenizer_model, tmp_path_factory):
    """A Llama 2 checkpoint: config, safetensors and tokenizer.model."""
    folder = tmp_path_factory.mktemp("llama2") / "base"
    torch.manual_seed(0)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
    shape = {
        "vocab_size": 1024,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "max_position_embeddings": 4096,
    }
    LlamaForCausalLM(
        LlamaConfig(**shape, **heads, initializer_range=0.1, bos_token_id=1, eos_token_id=2)
    ).save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(tokenizer_model)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    write_conversations(
        path, [Conversation(id=f"c{n}", source=f"s{n}", tools=[SEARCH_HOTELS], messages=DIALOGUE) for n in range(2)]
    )
    return path


def command(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("name", ["chatglm3", "llama2"])
def test_a_small_random_checkpoint_learns_to_call_and_to_answer(request, tmp_path, data, name, method):
    base, adapter, merged = request.getfixturevalue(name), tmp_path / "adapter", tmp_path / "merged"
    assert family_of(base).name == name
    run = [
        "--max-steps",
        120,
        "--eval-every",
        120,
        "--eval-share",
        0,
        "--eval-limit",
        0,
        "--learning-rate",
        0.01,
        "--rank",
        8,
        "--dropout",
        0,
    ]
    command(
        "finetune",
        "--base",
        base,
        "--data",
        data,
        "--method",
        method,
        "--out",
        adapter,
        "--max-length",
        4096,
        "--batch-size",
        1,
        *run,
    )
    assert template_text(adapter) == (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    report = command(
        "merge", "--base", base, "--adapter", adapter, "--out", merged, "--precision", "fp32", "--against-nf4", "--json"
    )
    assert report["merged_vs_unmerged"]["max_logit_difference"] < 1e-3
    assert report["merged_vs_unmerged"]["greedy_agreement"] == 1.0
    *_, done = Agent(LocalModel.load(merged, precision="fp32", device="cpu"), STORE).turn([], ASKED)
    assert isinstance(done, TurnEvent)
    assert (done.call, done.reply, done.source, done.rejected) == (WISH, ANSWER, "model", [])
    assert plain_answer(merged, DIALOGUE[:3]) == ANSWER


def plain_answer(folder, messages):
    """What transformers alone makes of a folder: its own loader, its own chat template, its own generation."""
    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    dicts = [message.to_dict() for message in messages]
    prompt = tokenizer.apply_chat_template(
        dicts, tools=[SEARCH_HOTELS], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    prompt.pop("token_type_ids", None)
    written = model.generate(**prompt, do_sample=False, max_new_tokens=80)[0, prompt["input_ids"].shape[1] :]
    return tokenizer.decode(written[:-1]).strip()
