"""Self-play: a simulated user with an agenda of wishes talks to a system that answers only from the database.

Everything is drawn from one seeded generator, so a seed and a database give the same dialogues again. The call always
carries the whole state; a facility is added to the earlier ones, any other wish replaces its predecessor.
"""

import random
from collections.abc import Iterator, Sequence

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.selfplay.agenda import first_wishes, good_bye, next_step, small_talk
from chatbot.corpus.selfplay.dialogue import Dialogue
from chatbot.corpus.selfplay.human_wording import HumanWording
from chatbot.corpus.selfplay.speaker import Speaker
from chatbot.corpus.selfplay.wishes import WishMaker
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore


def dialogue(
    store: HotelStore,
    rng: random.Random,
    *,
    colloquial: bool = True,
    turns: int | None = None,
    human: HumanWording | None = None,
    limit: int = 3,
) -> list[Message]:
    """One dialogue of `turns` agenda steps after the first (drawn where None); `limit` hotels are shown at most."""
    speaker = Speaker(rng, colloquial)
    d = Dialogue(store, rng, speaker, WishMaker(rng, speaker, store), human, limit)
    if rng.random() < 0.06:
        small_talk(d)
    first_wishes(d)
    steps = rng.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6)) if turns is None else turns
    for _ in range(steps):
        next_step(d)
    if turns is None and rng.random() < 0.35:
        good_bye(d)
    return d.messages


def continue_dialogue(
    messages: Sequence[Message],
    store: HotelStore,
    rng: random.Random,
    steps: int,
    *,
    colloquial: bool = True,
    human: HumanWording | None = None,
) -> list[Message]:
    """A conversation that ended with hotels in hand, carried on for `steps` agenda steps; any other comes back as it is."""
    speaker = Speaker(rng, colloquial)
    d = Dialogue(store, rng, speaker, WishMaker(rng, speaker, store), human, messages=list(messages))
    d.state = next((dict(m.call.arguments) for m in reversed(messages) if m.call), {})
    d.records = next((m.records for m in reversed(messages) if m.role == "tool"), [])
    for _ in range(steps if d.records else 0):
        next_step(d)
    return d.messages


def selfplay(
    store: HotelStore,
    n: int,
    seed: int,
    *,
    colloquial: float = 0.8,
    turns: int | None = None,
    human: HumanWording | None = None,
) -> Iterator[Conversation]:
    """`n` conversations; a share `colloquial` of the users speaks colloquially, the others in canonical words.

    `turns` fixes the number of steps after the first; `human` mixes in real users' templates.
    """
    for i in range(n):
        rng = random.Random(f"{seed}-{i}")
        messages = dialogue(store, rng, colloquial=rng.random() < colloquial, turns=turns, human=human)
        name = f"selfplay-{seed}-{i}"
        yield Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=messages)
