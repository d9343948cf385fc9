"""The panel: what is drawn of a reply, that clicking and sliding meet the same place, and what is said when there is nothing to see."""

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.errors import ModelError
from chatbot.core.messages import call, observation, reply, user
from chatbot.dialogue.events import TurnEvent
from chatbot.hotels.query import HotelQuery
from chatbot.models.inside import Candidate, Inside
from chatbot.ui.chat.inside_panel import (
    WIDEST,
    InsideHandlers,
    attention_map,
    bars,
    clicked_place,
    draw,
    draw_place,
    up_to_last,
)
from chatbot.ui.chat.state import ChatState, ChatTurn

TALK = [user("便宜的"), call({"type": "经济型"}), observation([]), reply("没有")]
ZH, EN = (SimpleNamespace(headers={"accept-language": language}) for language in ("zh-CN", "en-US"))
SEEN = Inside(
    context=["<|user|>", "便宜", "的", "<|assistant|>"],
    reply=["没有", "<b>x</b>", "\n"],
    candidates=[
        [Candidate("没有", 0.95), Candidate("有", 0.05)],
        [Candidate("<b>x</b>", 0.6), Candidate(" ", 0.4)],
        [Candidate("\n", 0.3)],
    ],
    chosen=[0.95, 0.6, 0.3],
    attention=[[0.1, 0.6, 0.2, 0.1, 0, 0, 0], [0, 0, 0, 0.5, 0.5, 0, 0], [0, 0, 0.1, 0.1, 0.1, 0.7, 0]],
    layer=1,
    head=0,
    layers=2,
    heads=4,
)


class FakeContext:
    """Offers one model, or refuses."""

    def __init__(self, model=None):
        self.offered = model

    def model(self, request, model_id):
        if self.offered is None:
            raise ModelError("ui.not_offered", value=model_id, choices=["rules"])
        return self.offered


def state(*messages):
    end = TurnEvent(reply="", call=None, query=HotelQuery.parse({}), records=[], messages=list(messages))
    return ChatState((ChatTurn("便宜的", end=end),))


def test_the_last_reply_or_the_last_call_is_looked_at():
    assert up_to_last(TALK, "reply") == TALK and up_to_last(TALK, "call") == TALK[:2]
    assert (
        up_to_last(TALK[:1], "reply") == [] and up_to_last([*TALK, user("还有吗"), reply("没有了")], "call") == TALK[:2]
    )


def test_each_token_is_coloured_by_how_sure_the_model_was_in_the_readers_language():
    tokens = draw(SEEN, ZH)[2]
    assert [t for t, _ in tokens["value"]] == ["没有", "<b>x</b>", "⏎"]
    assert [word[:2] for _, word in tokens["value"]] == ["很有", "较有", "犹豫"]
    assert draw(SEEN, EN)[2]["value"][2][1].startswith("unsure")
    assert [word.split()[0] for word in draw(SEEN, EN)[2]["color_map"]] == ["sure", "likely", "unsure"]


def test_a_token_that_points_at_a_record_is_explained_where_there_is_one():
    assert draw(SEEN, ZH)[3]["visible"] is False
    assert draw(replace(SEEN, reply=["<|1.name|>", "x", "y"]), ZH)[3]["visible"] is True


def test_the_sliders_reach_as_far_as_the_model_has_layers_heads_and_tokens():
    *_, place, layer, head, _ = draw(SEEN, ZH)
    assert (place["maximum"], layer["choices"], head["choices"]) == (3, [1, 2], [1, 2, 3, 4])
    assert (layer["value"], head["value"]) == (2, 1)


def test_a_place_shows_its_candidates_and_what_it_looked_at():
    candidates, looked = draw_place(SEEN, 1)
    assert list(candidates.layout.yaxis.ticktext) == ["没有", "有"] and list(candidates.data[0].x) == [0.95, 0.05]
    assert (
        candidates.data[0].marker.color[0] != candidates.data[0].marker.color[1]
        and len(set(looked.data[0].marker.color or [1])) == 1
    )
    assert looked.layout.yaxis.ticktext[0] == "#2·便宜" and looked.data[0].x[0] == 0.6
    assert draw_place(SEEN, 99)[0].data[0].x[0] == 0.3
    assert draw_place(None, 1) == (None, None)


def test_what_a_model_writes_never_becomes_markup_in_a_plot():
    assert bars([("<a href='x'>", 0.5)]).layout.yaxis.ticktext[0] == "&lt;a␣href='x'&gt;"
    drawn = attention_map(SEEN)
    assert "<b>" not in str(drawn.layout.yaxis.ticktext) and "<b>" not in str(drawn.data[0].text)


def test_the_map_has_a_row_for_each_written_token_and_a_column_for_each_visible_one():
    cells = attention_map(SEEN).data[0]
    assert [list(row) for row in cells.z] == SEEN.attention
    assert cells.text[0][1] == "没有 ← 便宜"


def test_of_a_long_conversation_the_map_keeps_what_was_looked_at_most_in_its_order():
    context = [f"t{n}" for n in range(200)]
    far = [0.5 if n == 3 else 0.001 * (n % 7) for n in range(203)]
    cells = attention_map(replace(SEEN, context=context, attention=[far, far, far])).data[0]
    names = [text.split(" ← ")[1] for text in cells.text[0]]
    assert len(names) == WIDEST and names[0] == "t3" and cells.z[0][0] == 0.5
    assert [int(name[1:]) for name in names] == sorted(int(name[1:]) for name in names)


def test_a_clicked_token_moves_the_slider_to_its_place():
    assert clicked_place(gr.SelectData(None, {"index": 2, "value": "x"})) == 3
    assert clicked_place(gr.SelectData(None, {"index": [2, 0], "value": "x"})) == 3


@pytest.mark.parametrize(
    ("context", "messages", "words"),
    [
        (FakeContext(), (), "先聊一句"),
        (FakeContext(), TALK, "不提供这个模型"),
        (FakeContext(SimpleNamespace(name="gpt")), TALK, "不在本机"),
    ],
)
def test_where_nothing_can_be_seen_it_says_why(context, messages, words):
    with pytest.raises(gr.Error, match=words):
        InsideHandlers(context).look(state(*messages), "some-model", "reply", 1, 1, ZH)
