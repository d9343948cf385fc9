"""Makes a finished Llama-shaped model larger without changing what it answers, so that a training can go on with more room."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ADDS = ("self_attn.o_proj.weight", "mlp.down_proj.weight")
"""A layer's matrices that write into the stream between layers: what is new adds nothing while they are zero for it."""


def grown(model: LlamaForCausalLM, layers: int | None = None, inner: int | None = None) -> LlamaForCausalLM:
    """The model with more layers or more columns in their inner ones, which add nothing yet: it answers as before and has room to learn.

    A new layer is a copy of the one before it whose two output projections are zero (LLaMA Pro, arXiv:2401.02415). New inner columns
    are drawn anew and read by zeros. What is not larger than the model's own stays as it is.
    """
    own, config = list(model.model.layers), model.config
    layers, inner = max(layers or 0, len(own)), max(inner or 0, config.intermediate_size)
    if (layers, inner) == (len(own), config.intermediate_size):
        return model
    shape = {"num_hidden_layers": layers, "intermediate_size": inner}
    larger = LlamaForCausalLM(LlamaConfig.from_dict(config.to_dict() | shape)).to(model.dtype)
    places = [round(n * (len(own) - 1) / max(layers - 1, 1)) for n in range(layers)]
    with torch.no_grad():
        for n, place in enumerate(places):
            is_copy = n > 0 and places[n - 1] == place
            for name, old in own[place].named_parameters():
                new = larger.model.layers[n].get_parameter(name)
                if name in ADDS:
                    new.zero_()
                if not (is_copy and name in ADDS):
                    new[tuple(slice(size) for size in old.shape)] = old
    larger.model.embed_tokens.load_state_dict(model.model.embed_tokens.state_dict())
    larger.model.norm.load_state_dict(model.model.norm.state_dict())
    return larger
