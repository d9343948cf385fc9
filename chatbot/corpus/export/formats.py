"""Writes conversations in the forms that other trainers read: OpenAI, LLaMA-Factory, ChatGLM3, Llama2 text, Parquet."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message, write_conversations

Row = dict[str, Any]
ANNOUNCED = "我需要使用{}工具来查询酒店"
"""What ChatGLM3's tool form says before a call."""


def dumps(value: object) -> str:
    """JSON on one line, Chinese kept readable."""
    return json.dumps(value, ensure_ascii=False)


def functions(conversation: Conversation) -> list[Row]:
    """The tools without OpenAI's wrapper: name, description, parameters."""
    return [tool.get("function", tool) for tool in conversation.tools]


def _openai_messages(messages: Sequence[Message]) -> list[Row]:
    out: list[Row] = []
    last = ""
    for number, message in enumerate(messages):
        if message.call:
            last = f"call_{number}"
            function = {"name": message.call.name, "arguments": dumps(message.call.arguments)}
            out.append({"role": "assistant", "tool_calls": [{"id": last, "type": "function", "function": function}]})
        elif message.role == "tool":
            out.append({"role": "tool", "tool_call_id": last, "content": message.content})
        else:
            out.append({"role": message.role, "content": message.content})
    return out


def openai_row(conversation: Conversation) -> Row:
    """A line of OpenAI's fine-tuning file: arguments as a JSON string, every result tied to its call by id."""
    return {
        "messages": _openai_messages(conversation.messages),
        "tools": conversation.tools,
        "parallel_tool_calls": False,
    }


def sharegpt_row(conversation: Conversation) -> Row:
    """An example of LLaMA-Factory's ShareGPT form with function_call and observation turns.

    Raises:
        InputError: the turns do not alternate between the two sides, which LLaMA-Factory would drop without a word.
    """
    turns: list[Row] = []
    system = ""
    for message in conversation.messages:
        if message.role == "system":
            system = message.content
        elif message.call:
            turns.append(
                {
                    "from": "function_call",
                    "value": dumps({"name": message.call.name, "arguments": message.call.arguments}),
                }
            )
        else:
            turns.append(
                {
                    "from": {"user": "human", "tool": "observation", "assistant": "gpt"}[message.role],
                    "value": message.content,
                }
            )
    sides = [turn["from"] in ("human", "observation") for turn in turns]
    if len(turns) % 2 or sides != [True, False] * (len(turns) // 2):
        raise InputError("corpus.alternate", conversation=conversation.id)
    return {"conversations": turns, "tools": dumps(functions(conversation)), "system": system}


def chatglm3_row(conversation: Conversation) -> Row:
    """A line of ChatGLM3's tool form: call and result in one tool message, announced by the assistant."""
    turns: list[Row] = []
    for message in conversation.messages:
        if message.call:
            turns.append({"role": "assistant", "content": ANNOUNCED.format(message.call.name)})
            turns.append(
                {"role": "tool", "name": message.call.name, "parameters": message.call.arguments, "observation": []}
            )
        elif message.role == "tool" and turns and turns[-1]["role"] == "tool":
            turns[-1]["observation"] = message.records
        else:
            turns.append({"role": message.role, "content": message.content})
    return {"tools": functions(conversation), "conversations": turns}


def llama2_row(conversation: Conversation) -> Row:
    """The text of a whole conversation as Llama2-chat sees it, by the family's own renderer."""
    from chatbot.models.registry import family

    pieces = family("llama2").pieces(conversation.messages, conversation.tools)
    return {"id": conversation.id, "text": "".join(piece.token or piece.text for piece in pieces)}


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(dumps(row) + "\n" for row in rows), encoding="utf-8")


def _jsonl(folder: Path, sides: dict[str, list[Conversation]]) -> None:
    for name, conversations in sides.items():
        write_conversations(folder / f"{name}.jsonl", conversations)


def _rows(make: Callable[[Conversation], Row]) -> "Writer":
    def write(folder: Path, sides: dict[str, list[Conversation]]) -> None:
        for name, conversations in sides.items():
            _write_lines(folder / f"{name}.jsonl", map(make, conversations))

    return write


def _parquet(folder: Path, sides: dict[str, list[Conversation]]) -> None:
    """Parquet that `datasets` loads; messages and tools are JSON columns, since a struct would fill every call with nulls."""
    from datasets import Dataset, Features, Json, List, Value

    features = Features(
        {"id": Value("string"), "source": Value("string"), "messages": List(Json()), "tools": List(Json())}
    )
    for name, conversations in sides.items():
        rows = [{key: c.to_dict()[key] for key in features} for c in conversations]
        Dataset.from_list(rows, features=features).to_parquet(folder / f"{name}.parquet")


def _llama_factory(folder: Path, sides: dict[str, list[Conversation]]) -> None:
    """One JSON file a side and the dataset_info.json that registers them."""
    columns = {"messages": "conversations", "tools": "tools", "system": "system"}
    info = {
        f"hotel_{name}": {"file_name": f"hotel_{name}.json", "formatting": "sharegpt", "columns": columns}
        for name in sides
    }
    for name, conversations in sides.items():
        (folder / f"hotel_{name}.json").write_text(
            json.dumps([sharegpt_row(c) for c in conversations], ensure_ascii=False, indent=1), encoding="utf-8"
        )
    (folder / "dataset_info.json").write_text(json.dumps(info, ensure_ascii=False, indent=2), encoding="utf-8")


Writer = Callable[[Path, dict[str, list[Conversation]]], None]
FORMATS: dict[str, Writer] = {
    "jsonl": _jsonl,
    "parquet": _parquet,
    "openai": _rows(openai_row),
    "llama-factory": _llama_factory,
    "chatglm3": _rows(chatglm3_row),
    "llama2": _rows(llama2_row),
}


def export(sides: dict[str, list[Conversation]], form: str, folder: Path) -> list[Path]:
    """Write the sides of a split in one form; returns the files.

    Raises:
        InputError: the form is not known, or a conversation does not fit it.
    """
    if form not in FORMATS:
        raise InputError("corpus.format", value=form, choices=FORMATS)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    FORMATS[form](folder, sides)
    return sorted(path for path in folder.iterdir() if path.is_file())
