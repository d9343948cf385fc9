"""Model cards in the form that hubs read: where a model comes from, under which licence, what it scored, how it is called."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from chatbot.models.bring.shelf import record

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_TAGS = ("function-calling", "hotel", "task-oriented-dialogue")
_FENCE = "---\n"
CARD = "README.md"


def metadata(
    name: str,
    base: Path,
    *,
    library: str,
    relation: str,
    tags: Sequence[str] = (),
    results: Sequence["EvalResult"] = (),
) -> str:
    """The block at a card's head, between its two lines of dashes.

    Args:
        library: peft or transformers.
        relation: adapter, finetune or quantized, as hubs name what a model is to its base.
        results: figures, which become the card's `model-index`.
    """
    from huggingface_hub import ModelCardData

    told = ModelCardData(
        base_model=title_of(base),
        base_model_relation=relation,
        language=["zh"],
        library_name=library,
        license=licence_of(base) or None,
        pipeline_tag="text-generation",
        tags=[*tags, *_TAGS],
        model_name=name if results else None,
        eval_results=list(results) or None,
    )
    return f"{_FENCE}{told.to_yaml()}\n{_FENCE}"


def result(
    name: str, title: str, value: float, data: Mapping[str, Any], interval: Sequence[float] = ()
) -> "EvalResult":
    """One figure of the `model-index`; `data` is a file's name and hash."""
    from huggingface_hub import EvalResult

    return EvalResult(
        task_type="text-generation",
        dataset_type=str(data.get("file", "")),
        dataset_name=f"held out of {data.get('file', '')}",
        dataset_args={"sha256": data.get("sha256")},
        metric_type=name,
        metric_name=title,
        metric_value=value,
        metric_args={"interval_95": list(interval)} if interval else None,
    )


def title_of(base: Path) -> str:
    """A base by the name that others find it by: the hub's where it came from one, else its folder's."""
    found = record(base)
    return str(found["source"]) if found.get("kind") == "hub" else base.name


def head_of(folder: Path) -> dict[str, Any]:
    """The metadata of the card in a folder; {} where it has none."""
    path = folder / CARD
    parts = path.read_text(encoding="utf-8", errors="replace").split(_FENCE, 2) if path.is_file() else []
    try:
        found = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0] else None
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def licence_of(folder: Path) -> str:
    """The licence that a folder's card names; "" where it names none."""
    return str(head_of(folder).get("license") or "")


def calling(name: str, family: str, *, adapter: bool) -> str:
    """How a model is called, in the workbench and, where its calls can be read without it, by plain transformers."""
    own = f"adapter:{name}" if adapter else name
    told = f"""## How to call it

`python -m chatbot chat --model {own}`; or, for any client of OpenAI's, `python app.py` and then the model `{own}` at
`http://127.0.0.1:7860/v1` (where it lies in the workspace).
"""
    if family == "act-line":
        return (
            told
            + "It writes act lines, of which the workbench's code makes calls and replies: no other engine can use it.\n"
        )
    loader = "peft import AutoPeftModelForCausalLM" if adapter else "transformers import AutoModelForCausalLM"
    return (
        told
        + f"""
```python
from {loader} as Model
from transformers import AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("."), Model.from_pretrained(".")
text = tokenizer.apply_chat_template(messages, tools=tools, add_generation_prompt=True, tokenize=False)
inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=200)[0][inputs["input_ids"].shape[1]:]))
```
"""
    )
