"""Who waits for a busy model is told how many come before; who stops a turn gets no answer that nobody wrote."""

from types import SimpleNamespace

from chatbot.core.messages import Message
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.events import TurnEvent, WaitEvent
from chatbot.models.backends import MessageDelta, WaitDelta
from chatbot.models.local import LocalModel
from chatbot.models.rules import RulesModel
from chatbot.ui.chat.handlers import ChatHandlers
from chatbot.ui.chat.state import ChatState
from tests.tiny_models import tiny_act_llama

PERSON = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="one")


class BusyModel(RulesModel):
    """Answers two others first."""

    acts = True

    def generate(self, messages, tools, **options):
        yield WaitDelta(2)
        yield WaitDelta(1)
        yield MessageDelta(Message(role="assistant", act="thanks"))


def test_the_place_in_the_line_is_told_before_the_answer(store):
    *waits, _, end = Agent(BusyModel(), store).turn([], "谢谢")
    assert waits == [WaitEvent(2), WaitEvent(1)] and isinstance(end, TurnEvent) and end.reply


def test_the_page_shows_it_and_the_answer_takes_its_place(page_context, monkeypatch):
    turns = ChatHandlers(page_context)
    monkeypatch.setattr(page_context.pool, "get", lambda _: BusyModel())
    turns.begin("谢谢", PERSON)
    drawn = [view[1] for view in turns.answer("谢谢", ChatState(), "hotel-mini", PERSON)]
    assert [str(window).count("位在等") for window in drawn[1:3]] == [1, 1]
    assert "前面还有 2 位" in str(drawn[1]) and "位在等" not in str(drawn[-1])


def test_a_turn_that_is_stopped_says_nothing(tmp_path, store):
    for engine in ("onnx", "transformers"):
        model = LocalModel.load(tiny_act_llama(tmp_path / engine), engine=engine, device="cpu", precision="fp32")
        end = list(Agent(model, store).turn([], "想找能打麻将的酒店", lambda: True))[-1]
        assert isinstance(end, TurnEvent) and end.reply == "" and end.call is None
