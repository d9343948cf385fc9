"""Small random checkpoints with a real trained tokenizer, so that tests use the real libraries without a download."""

import json
from pathlib import Path

import torch
from peft import LoraConfig, PeftConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from chatbot.models.families import act_tokens
from chatbot.models.families.hotel_mini import END, PAD, SPECIAL_TOKENS
from chatbot.training.tokenizer import train_tokenizer

WORDS = [
    "找一家经济型酒店，要能打麻将，评分4.5以上。",
    "你好，请问有什么可以帮您？",
    '{"type":"经济型","facilities":["棋牌室"]}',
    "电话是010-12345678，价格320元。",
]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with the marks of hotel-mini, trained on a few sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        WORDS * 5,
        trainers.BpeTrainer(
            vocab_size=420, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet, show_progress=False
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, chat_template=TEMPLATE)


def tiny_llama(folder: Path, *, hidden: int = 64, layers: int = 2, seed: int = 0) -> Path:
    """Write a random Llama of the hotel-mini family; 4 query heads, 2 key-value heads."""
    return _write_llama(folder, tiny_tokenizer(), "hotel-mini", hidden, layers, seed, heads=4, positions=2048)


def _write_llama(
    folder: Path,
    tokenizer: PreTrainedTokenizerFast,
    family: str,
    hidden: int,
    layers: int,
    seed: int,
    *,
    heads: int,
    positions: int,
) -> Path:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 2,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _write_family(folder, family)
    return folder


def _write_family(folder: Path, family: str) -> None:
    (folder / "workbench.json").write_text(json.dumps({"family": family}), encoding="utf-8")


def tiny_adapter(
    base: Path, folder: Path, config: PeftConfig | None = None, *, seed: int = 1, size: float = 0.2
) -> Path:
    """Write an adapter whose weights are random instead of zero, so that it changes the outputs."""
    torch.manual_seed(seed)
    chosen = config or LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), chosen)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.normal_(0, size)
    model.save_pretrained(folder)
    _write_family(folder, "hotel-mini")
    return folder


def act_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of the shipped shape: the marks of act lines, bytes, common characters, digits one by one."""
    return train_tokenizer(WORDS * 5, 4600, act_tokens.SPECIAL_TOKENS, pad=act_tokens.PAD, end=act_tokens.END)


def tiny_act_llama(folder: Path, *, seed: int = 0) -> Path:
    """Write a random Llama that reads turns and writes act lines."""
    return _write_llama(folder, act_tokenizer(), "act-line", 32, 1, seed, heads=2, positions=1024)
