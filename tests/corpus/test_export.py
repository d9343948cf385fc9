"""Claims about the forms that other trainers read."""

import json

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.corpus.export.data_card import data_card, statistics
from chatbot.corpus.export.formats import FORMATS, export
from chatbot.corpus.reading.reader import read_conversations
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery


@pytest.fixture
def conversation(store):
    arguments = {"type": "豪华型", "facilities": ["暖气"]}
    records = store.search(HotelQuery.parse(arguments)).records
    messages = [
        user("找豪华型的，要有暖气"),
        call(arguments),
        observation(records),
        reply("北京松风大酒店。"),
        user("谢谢"),
        reply("不客气。"),
    ]
    return Conversation(
        id="selfplay-1",
        source="selfplay-1",
        tools=[SEARCH_HOTELS],
        messages=messages,
        meta={"provider": "offline", "operations": ["spoken"]},
    )


@pytest.fixture
def sides(conversation):
    second = conversation.model_copy(update={"id": "b", "source": "b", "messages": conversation.messages[4:]})
    return {"train": [conversation, second], "val": [second], "test": [second]}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_our_own_form_reads_back_unchanged(sides, tmp_path):
    export(sides, "jsonl", tmp_path)
    assert read_conversations(tmp_path / "train.jsonl") == sides["train"]


def test_openai_lines_carry_arguments_as_text_and_tie_results_to_calls(sides, tmp_path):
    export(sides, "openai", tmp_path)
    row = lines(tmp_path / "train.jsonl")[0]
    made, result = row["messages"][1], row["messages"][2]
    assert json.loads(made["tool_calls"][0]["function"]["arguments"]) == {"type": "豪华型", "facilities": ["暖气"]}
    assert result["tool_call_id"] == made["tool_calls"][0]["id"] and row["tools"][0]["type"] == "function"


def test_openai_lines_are_what_the_openai_package_types(sides, tmp_path):
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    export(sides, "openai", tmp_path)
    rows = lines(tmp_path / "train.jsonl")
    assert [len(row["messages"]) for row in rows] == [len(c.messages) for c in sides["train"]]
    for row in rows:
        TypeAdapter(list[ChatCompletionMessageParam]).validate_python(row["messages"])


def test_llama_factory_turns_alternate_and_are_registered(sides, tmp_path):
    export(sides, "llama-factory", tmp_path)
    info = json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf-8"))["hotel_train"]
    row = json.loads((tmp_path / info["file_name"]).read_text(encoding="utf-8"))[0]
    assert [t["from"] for t in row[info["columns"]["messages"]]] == [
        "human",
        "function_call",
        "observation",
        "gpt",
        "human",
        "gpt",
    ]
    assert json.loads(row["conversations"][1]["value"]) == {
        "name": "search_hotels",
        "arguments": {"type": "豪华型", "facilities": ["暖气"]},
    }
    assert json.loads(row["tools"])[0]["name"] == "search_hotels"
    assert set(info["columns"].values()) <= set(row)


def test_llama_factory_refuses_what_it_would_silently_drop(conversation, tmp_path):
    bad = conversation.model_copy(update={"messages": conversation.messages[:3]})
    with pytest.raises(InputError, match="does not alternate"):
        export({"train": [bad]}, "llama-factory", tmp_path)


def test_the_chatglm3_form_reads_back_as_the_same_messages(sides, tmp_path):
    export(sides, "chatglm3", tmp_path)
    back = read_conversations(tmp_path / "train.jsonl")
    assert [c.messages for c in back] == [c.messages for c in sides["train"]]


def test_parquet_gives_arguments_back_without_nulls(sides, tmp_path):
    from datasets import load_dataset

    export(sides, "parquet", tmp_path)
    loaded = load_dataset(
        "parquet", data_files=str(tmp_path / "train.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded[0]["messages"] == [m.to_dict() for m in sides["train"][0].messages]
    assert loaded[0]["tools"] == [SEARCH_HOTELS]


def test_llama2_text_opens_each_exchange_with_bos_once(sides, tmp_path):
    pytest.importorskip("chatbot.models.registry")
    export(sides, "llama2", tmp_path)
    text = lines(tmp_path / "train.jsonl")[1]["text"]
    assert text.startswith("<s>[INST] ") and text.endswith("</s>") and text.count("<s>") == 1


def test_an_unknown_form_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="csv") as error:
        export({}, "csv", tmp_path)
    assert all(form in str(error.value) for form in FORMATS)


def test_the_data_card_states_sources_sizes_checks_and_leaks(sides, store):
    card = data_card(sides, store, {"sources": 0, "near_duplicates": 0}, {"提示词 Prompts": {"spoken.txt": "ab12"}})
    for fact in (
        "| train | 2 |",
        "| spoken | 4 |",
        "| offline | 4 |",
        "| grounded | 1.0 |",
        "| near_duplicates | 0 |",
        "| spoken.txt | ab12 |",
    ):
        assert fact in card


def test_statistics_count_turns_calls_and_arguments(sides):
    found = statistics(sides["train"])
    assert (found["turns"], found["calls"], found["arguments"]) == (3, 1, {"type": 1, "facilities": 1})
