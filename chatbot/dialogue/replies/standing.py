"""Wishes that stand as they stood: the same hotels again, and which of the wishes those do not meet."""

from collections.abc import Mapping, Sequence

from chatbot.dialogue.replies.facts import Shown, State, offered
from chatbot.dialogue.replies.wishes import described, given_up
from chatbot.dialogue.replies.wording import Voice
from chatbot.hotels.places import FIELDS


def unmet(hotels: Sequence[Shown], state: State, voice: Voice) -> str:
    """The wishes that any of the hotels does not show to meet, in words, but for the place, which was told when they were found; "" where all meet all."""
    broken = dict.fromkeys(wish for hotel in hotels for wish in offered(hotel, state).broken)
    return given_up([w for w in broken if w not in FIELDS and not w.startswith("exclude:")], state, voice)


def affirm(voice: Voice, hotel: Shown, values: Mapping[str, str], state: State, *, one: bool) -> None:
    """Answer a yes: how to reach the hotel spoken of, and what it lacks, as 泳池是底线 is a yes too; of several, which one it is."""
    if lacking := unmet([hotel], state, voice):
        voice.say("affirmed_short", "affirmed_short_no_phone", values={**values, "given_up": lacking})
    elif not one:
        voice.say("affirmed_which")
    else:
        voice.say("affirmed", "affirmed_no_phone", values=values)


def again(voice: Voice, hotels: Sequence[Shown], state: State) -> None:
    """The same hotels once more."""
    values, lacking = voice.listing(hotels), unmet(hotels, state, voice)
    voice.say("again_short" if lacking else "again", values=values | ({"given_up": lacking} if lacking else {}))


def as_heard(state: State, voice: Voice) -> dict[str, str]:
    """The wishes that stand, as a mark; {} where there are none."""
    wishes = described(state, voice)
    return {"wish": wishes} if wishes else {}
