"""Measured: 1, 8 and 64 visitors of three turns each through the page's own functions and through /v1, by the clock.

python -m pytest tests/benchmarks/test_visitors.py -m benchmark -s

What sixty-four were told is what each is told alone: nothing of one conversation is in another.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace

import httpx
import pytest

from chatbot.core.settings import Settings, settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.models.catalog import ModelChoice
from chatbot.models.local import LocalModel
from chatbot.ui.chat.handlers import ChatHandlers
from chatbot.ui.chat.state import ChatState
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.context import PageContext
from tests.benchmarks.test_engine import forget as forget_prompts

VISITORS, TURNS, MODEL = 64, 3, "hotel-mini"


@dataclass(frozen=True)
class Told:
    """What a turn came to, and the seconds until its first words and its end."""

    meant: object
    reply: str
    first: float
    whole: float


@pytest.fixture(scope="module")
def talks():
    """What each visitor says: the beginnings of recorded conversations, no two alike."""
    said = [
        tuple(message.content for message in conversation.messages if message.role == "user")[:TURNS]
        for conversation in read_conversations(Path("data/conversations/train.jsonl"))
    ]
    return list(dict.fromkeys(words for words in said if len(words) == TURNS))[:VISITORS]


@pytest.fixture
def context(tmp_path):
    """A page whose one model is the shipped one, loaded."""
    own = Settings(workspace=tmp_path / "workspace", hotels=settings().hotels, _env_file=None)
    model = LocalModel.load(own.tuned, engine="onnx", device="cpu", precision="fp32")
    choices = [ModelChoice(MODEL, MODEL, "shipped")]
    out = PageContext(own, models=lambda settings: choices, open_model=lambda model_id, current: model)
    out.pool.get(MODEL)
    return out


def on_the_page(context, visitor, said):
    """A visitor of the Chat tab: what its events call, one turn after the other."""
    handlers, state, out = ChatHandlers(context), ChatState(), []
    person = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash=visitor)
    waiting = translate(person, "transcript.waiting")
    for text in said:
        began, first, before = time.perf_counter(), None, state
        handlers.begin(text, person)
        for view in handlers.answer(text, before, MODEL, person):
            state = view[0] if isinstance(view[0], ChatState) else state
            if first is None and view[1][-1]["content"] not in (text, waiting):
                first = time.perf_counter() - began
        handlers.finish(state, person)
        assert state.turns[-1].end, state.turns[-1].note
        out.append(Told(state.query, state.turns[-1].reply, first, time.perf_counter() - began))
    return out


def by_v1(address, store, said):
    """A visitor by another program, which runs the searches that the model asks for."""
    messages, out = [], []
    with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        for text in said:
            began = time.perf_counter()
            messages.append({"role": "user", "content": text})
            message = asked(client, messages)
            first, meant = time.perf_counter() - began, message.get("tool_calls")
            for call in meant or ():
                found = store.search(HotelQuery.parse(json.loads(call["function"]["arguments"]))).message()
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": found.content})
            if meant:
                message = asked(client, messages)
            calls = [call["function"] for call in meant or ()]
            out.append(Told(calls, message["content"], first, time.perf_counter() - began))
    return out


def asked(client, messages):
    """The model's next message, which is appended; an answer that is an error ends the test."""
    body = {"model": MODEL, "messages": messages, "tools": [SEARCH_HOTELS]}
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    messages.append(answer.json()["choices"][0]["message"])
    return messages[-1]


def crowds(visit, talks, forget):
    """Every conversation three times, so many at a time, beginning with nothing known: what was told, and both clocks' seconds."""
    out = {}
    for at_once in (1, 8, VISITORS):
        forget()
        began, worked = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(at_once) as people:
            told = list(people.map(visit, range(len(talks)), talks))
        out[at_once] = told, time.perf_counter() - began, time.process_time() - worked
    return out


def print_table(title, found):
    """The crowds beside the single visitor."""
    print(
        f"\n| {title}, {TURNS} turns each | turns a second | ratio | by processor time | median | p95 | p95 / single median |"
    )
    print("|---|---|---|---|---|---|---|")
    single = None
    for at_once, (told, clock, processor) in found.items():
        turns = [turn for visitor in told for turn in visitor]
        middle, p95 = median(t.whole for t in turns), quantiles([t.whole for t in turns], n=20)[-1]
        single = single or (clock, processor, middle)
        ratios = f"{len(turns) / clock:.1f} | {single[0] / clock:.2f} | {single[1] / processor:.2f}"
        print(f"| {at_once} at a time | {ratios} | {middle:.3f} s | {p95:.2f} s | {p95 / single[2]:.1f} |")
    first = median(turn.first for visitor in found[1][0] for turn in visitor)
    print(f"one visitor's first words (by /v1: the first answer): {first:.3f} s")


def meanings(told):
    return [[(turn.meant, turn.reply) for turn in visitor] for visitor in told]


@pytest.fixture
def forget(context):
    """A function after which no prompt is known, so that every crowd begins alike."""
    return partial(forget_prompts, context.pool.get(MODEL).engine)


@pytest.mark.benchmark
def test_on_the_page_sixty_four_are_each_told_what_one_alone_is_told(context, talks, forget):
    on_the_page(context, "first", talks[0])  # loads the hotels
    found = crowds(lambda at, said: on_the_page(context, f"visitor {at}", said), talks, forget)
    print_table("visitors of the page", found)
    alone, *others = (meanings(told) for told, _, _ in found.values())
    assert all(told == alone for told in others)


@pytest.mark.benchmark
def test_by_v1_sixty_four_are_each_told_what_one_alone_is_told(context, talks, forget, serve_page):
    address, store = serve_page(context), context.default_store
    by_v1(address, store, talks[0])
    found = crowds(lambda at, said: by_v1(address, store, said), talks, forget)
    print_table("callers of /v1", found)
    alone, *others = (meanings(told) for told, _, _ in found.values())
    assert all(told == alone for told in others)
