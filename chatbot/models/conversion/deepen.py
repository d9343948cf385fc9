"""Makes a finished Llama-shaped model deeper without changing what it answers, so that a training can go on with more room."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def deepened(model: LlamaForCausalLM, layers: int) -> LlamaForCausalLM:
    """The model with more layers that add nothing yet, one after every few of its own: it answers as before and has room to learn.

    Each new layer is a copy of the one before it whose two output projections are zero (LLaMA Pro, arXiv:2401.02415).
    """
    own = list(model.model.layers)
    if layers <= len(own):
        return model
    config = LlamaConfig.from_dict(model.config.to_dict() | {"num_hidden_layers": layers})
    grown = LlamaForCausalLM(config).to(model.dtype)
    places = [round(n * (len(own) - 1) / (layers - 1)) for n in range(layers)]
    for n, place in enumerate(places):
        grown.model.layers[n].load_state_dict(own[place].state_dict())
        if n and places[n - 1] == place:
            torch.nn.init.zeros_(grown.model.layers[n].self_attn.o_proj.weight)
            torch.nn.init.zeros_(grown.model.layers[n].mlp.down_proj.weight)
    grown.model.embed_tokens.load_state_dict(model.model.embed_tokens.state_dict())
    grown.model.norm.load_state_dict(model.model.norm.state_dict())
    return grown
