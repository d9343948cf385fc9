"""Which model it is, in words that people know, and whether the libraries here can run and train it."""

from pathlib import Path

from chatbot.core.errors import ModelError
from chatbot.models.folder import read_json, template_text

TITLES = {
    "llama": "Llama",
    "mistral": "Mistral",
    "ministral": "Mistral",
    "mixtral": "Mixtral",
    "qwen2": "Qwen 2",
    "qwen3": "Qwen 3",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "gemma3_text": "Gemma 3",
    "glm": "GLM",
    "glm4": "GLM-4",
    "gpt2": "GPT-2",
    "phi3": "Phi-3",
    "smollm3": "SmolLM 3",
    "olmo2": "OLMo 2",
    "granite": "Granite",
    "deepseek_v3": "DeepSeek",
    "internlm2": "InternLM",
}
"""`model_type` of a configuration → the family as people call it; another one keeps its own name."""

_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""How the classes of models that write text end; BERT's and a classifier's do not."""


def title(folder: Path) -> str:
    """The family's name.

    Raises:
        ModelError: transformers has no causal language model of this architecture, or only with code from the folder.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    config = read_json(folder / "config.json")
    kind, classes = str(config.get("model_type") or ""), config.get("architectures") or []
    writes = not classes or any(str(name).endswith(_WRITERS) for name in classes)
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES or not writes:
        raise ModelError("models.bring_architecture", value=kind or folder)
    if kind == "glm" and "<|observation|>" in template_text(folder):
        return "ChatGLM3 / GLM"
    return TITLES.get(kind, kind)
