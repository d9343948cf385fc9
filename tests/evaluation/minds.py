"""Chatbots that know what the simulated user means, because they hold its twin; each may be spoilt in one place."""

from random import Random

from chatbot.core.messages import reply, user
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.simulation.blame import state_of
from chatbot.evaluation.simulation.user import SimulatedUser
from chatbot.hotels.query import HotelQuery

FACTS = {
    "phone": "电话是{}",
    "address": "地址是{}",
    "price": "价格{}元",
    "rating": "评分{}分",
    "subway": "最近的是{}",
    "type": "是{}",
    "facilities": "提供{0[0]}",
    "nearby_attractions": "景点有{0[0]}",
    "nearby_restaurants": "餐馆有{0[0]}",
}


class Mind:
    """Hears, searches and answers perfectly; `state`, `records` and `say` spoil what it heard, found and says."""

    def __init__(
        self, store, goal, number=0, seed=0, *, state=lambda x: x, records=lambda x: x, say=lambda text, mind: text
    ):
        self.store, self.state, self.records, self.say = store, state, records, say
        self.twin = SimulatedUser(goal, store, Random(f"evaluation wording {seed} {number}"))
        self.heard, self.hand = None, []

    def turn(self, messages, text, stop=lambda: False):
        assert self.twin.answer(self.heard) == text
        query = HotelQuery.parse(self.state(state_of(self.twin.told)))
        found = self.store.search(query)
        self.hand = self.records([] if found.relaxed else found.records)
        said = self.say(self.answer(), self)
        self.heard = TurnEvent(said, None, query, self.hand, [user(text), reply(said)])
        yield self.heard

    def answer(self):
        asked, wish = self.twin.last.asked, self.twin.last.wish
        if asked:
            return "".join(f"{fact(self.twin.chosen, request)}。" for request in asked)
        if wish:
            return f"{wish}我这里查不到，打电话问问吧。"
        return f"有{'、'.join(r['name'] for r in self.hand)}。" if self.hand else "没有找到合适的酒店。"


def fact(record, request):
    field, facility = request
    if field == "has":
        held = {*record["facilities"], *(["早餐服务"] if "早餐服务免费" in record["facilities"] else [])}
        return f"提供{facility}" if facility in held else f"没有{facility}"
    return FACTS[field].format(record[field]) if record[field] not in (None, "", []) else "这一项没有写"
