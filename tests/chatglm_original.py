"""A small random ChatGLM3 checkpoint in the original layout, and its forward pass written from the architecture's description.

The forward pass shares no code with transformers, so that agreement of the two means something.
"""

import io
import json
import math
import random
from pathlib import Path

import torch
from torch.nn import functional

CONFIG = {
    "model_type": "chatglm",
    "_name_or_path": "THUDM/chatglm3-6b",
    "num_layers": 2,
    "padded_vocab_size": 640,
    "hidden_size": 32,
    "ffn_hidden_size": 48,
    "kv_channels": 8,
    "num_attention_heads": 4,
    "seq_length": 512,
    "layernorm_epsilon": 1e-5,
    "rmsnorm": True,
    "post_layer_norm": True,
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "add_qkv_bias": True,
    "add_bias_linear": False,
    "apply_residual_connection_post_layernorm": False,
    "tie_word_embeddings": False,
    "original_rope": True,
}
NF4_CONFIG = CONFIG | {"hidden_size": 64, "ffn_hidden_size": 128, "kv_channels": 16}
"""The same with no layer narrower than NF4's blocks of 64: bitsandbytes' CPU kernel cannot take it."""
WORDS = (
    "你好 酒店 北京 价格 评分 设施 早餐 推荐 一家 便宜 便宜的 打麻将 经济型 豪华型 "
    "hello world hotel search_hotels tool_call type name python aaa aba abab 123 2023 010"
)


def train_sentencepiece(vocab_size=600, lines=(), **options) -> bytes:
    """A tokenizer.model with ChatGLM3's settings (BPE, byte fallback, text unchanged, dummy prefix) unless `options` differ."""
    from sentencepiece import SentencePieceTrainer

    draw = random.Random(0)
    lines = [*lines] or [
        "".join(draw.choice(WORDS.split()) + draw.choice(["", " ", "，", "。"]) for _ in range(draw.randint(2, 9)))
        for _ in range(2000)
    ]
    out = io.BytesIO()
    settings = {
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "byte_fallback": True,
        "allow_whitespace_only_pieces": True,
    }
    SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=out,
        model_type="bpe",
        vocab_size=vocab_size,
        minloglevel=2,
        num_threads=1,
        **(settings | options),
    )
    return out.getvalue()


def random_weights(config=CONFIG, seed=0) -> dict[str, torch.Tensor]:
    """Random weights under the original names."""
    made = torch.Generator().manual_seed(seed)
    width, inner, head = config["hidden_size"], config["ffn_hidden_size"], config["kv_channels"]
    rows = (config["num_attention_heads"] + 2 * config["multi_query_group_num"]) * head

    def normal(*shape):
        return torch.randn(*shape, generator=made) * 0.2

    weights = {"transformer.embedding.word_embeddings.weight": normal(config["padded_vocab_size"], width)}
    weights["transformer.rotary_pos_emb.inv_freq"] = torch.ones(head // 4)
    for n in range(config["num_layers"]):
        layer = f"transformer.encoder.layers.{n}."
        weights |= {
            layer + "input_layernorm.weight": 1 + normal(width),
            layer + "self_attention.query_key_value.weight": normal(rows, width),
            layer + "self_attention.query_key_value.bias": normal(rows),
            layer + "self_attention.dense.weight": normal(width, config["num_attention_heads"] * head),
            layer + "post_attention_layernorm.weight": 1 + normal(width),
            layer + "mlp.dense_h_to_4h.weight": normal(2 * inner, width),
            layer + "mlp.dense_4h_to_h.weight": normal(width, inner),
        }
    weights["transformer.encoder.final_layernorm.weight"] = 1 + normal(width)
    weights["transformer.output_layer.weight"] = normal(config["padded_vocab_size"], width)
    return weights


def write_original(
    folder: Path, tokenizer_model: bytes, config=CONFIG, *, shards=3, extra=None, legacy=False
) -> dict[str, torch.Tensor]:
    """Write config.json, tokenizer.model and sharded pytorch_model-*.bin with their index; returns the weights.

    `legacy` writes the .bin files as torch did before 1.6: they cannot be memory-mapped.
    """
    weights = random_weights(config)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.model").write_bytes(tokenizer_model)
    names = list(weights | (extra or {}))
    step = math.ceil(len(names) / shards)
    index = {}
    for n in range(shards):
        file = f"pytorch_model-{n + 1:05d}-of-{shards:05d}.bin"
        part = names[n * step : (n + 1) * step]
        torch.save(
            {name: (weights | (extra or {}))[name] for name in part},
            folder / file,
            _use_new_zipfile_serialization=not legacy,
        )
        index |= dict.fromkeys(part, file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return weights


def _norm(x, weight, epsilon):
    return weight * x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon)


def _rotate(x, base):
    """Turn the pairs (0, 1), (2, 3), … of the first half of each head by position × frequency; shape (tokens, heads, head)."""
    turned = x.clone()
    half = x.shape[-1] // 2
    for pair in range(half // 2):
        angle = torch.arange(x.shape[0]) * base ** (-2 * pair / half)
        cos, sin = torch.cos(angle)[:, None], torch.sin(angle)[:, None]
        even, odd = x[..., 2 * pair], x[..., 2 * pair + 1]
        turned[..., 2 * pair], turned[..., 2 * pair + 1] = even * cos - odd * sin, odd * cos + even * sin
    return turned


def _attention(x, weights, layer, config):
    heads, groups, head = config["num_attention_heads"], config["multi_query_group_num"], config["kv_channels"]
    tokens, base = x.shape[0], 10000.0 * config.get("rope_ratio", 1)
    stacked = x @ weights[layer + "query_key_value.weight"].T + weights[layer + "query_key_value.bias"]
    query = _rotate(stacked[:, : heads * head].view(tokens, heads, head), base)
    key = _rotate(stacked[:, heads * head : (heads + groups) * head].view(tokens, groups, head), base)
    value = stacked[:, (heads + groups) * head :].view(tokens, groups, head)
    out = torch.empty(tokens, heads, head)
    later = torch.ones(tokens, tokens).triu(1).bool()
    for h in range(heads):
        group = h // (heads // groups)
        scores = (query[:, h] @ key[:, group].T / math.sqrt(head)).masked_fill(later, float("-inf"))
        out[:, h] = scores.softmax(-1) @ value[:, group]
    return out.reshape(tokens, -1) @ weights[layer + "dense.weight"].T


def original_logits(ids, weights, config=CONFIG):
    """Logits of shape (tokens, vocabulary): pre-norm decoder, grouped queries, rotary on half of each head, SwiGLU (gate first)."""
    epsilon = config["layernorm_epsilon"]
    x = weights["transformer.embedding.word_embeddings.weight"][ids]
    for n in range(config["num_layers"]):
        layer = f"transformer.encoder.layers.{n}."
        x = x + _attention(
            _norm(x, weights[layer + "input_layernorm.weight"], epsilon), weights, layer + "self_attention.", config
        )
        gate, up = (
            _norm(x, weights[layer + "post_attention_layernorm.weight"], epsilon)
            @ weights[layer + "mlp.dense_h_to_4h.weight"].T
        ).chunk(2, -1)
        x = x + (functional.silu(gate) * up) @ weights[layer + "mlp.dense_4h_to_h.weight"].T
    return (
        _norm(x, weights["transformer.encoder.final_layernorm.weight"], epsilon)
        @ weights["transformer.output_layer.weight"].T
    )
