"""A place that a search had to give up: where the hotels lie instead, and what there is to say of that."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.dialogue.replies.facts import Shown, State
from chatbot.dialogue.replies.wording import Voice
from chatbot.hotels.places import FIELDS, district_in, district_of, neighbours


@dataclass(frozen=True)
class LostPlace:
    """A place that was given up, and where the hotels shown lie instead.

    Attributes:
        field: the argument of the search that held it.
        words: the place as the state holds it.
        beside: places next to it, at one of which each hotel lies; empty where another part of town was searched.
        district: the one district that was searched; "" where the whole city was, or the place's own is not known.
    """

    field: str
    words: str
    beside: tuple[str, ...]
    district: str

    def instead(self, voice: Voice) -> str:
        """Where the hotels lie, as an address in words; "" for the whole city."""
        return voice.either(map(voice.district, self.beside)) or self.district

    def say(self, voice: Voice, unlisted: str = "") -> None:
        """That its distance is not known, that the hotels lie in another district, or a way to come closer; nothing where they lie next to it.

        Args:
            unlisted: its district, where the list has no hotel at all, so that asking for less would find none either.
        """
        if self.beside:
            return
        if unlisted:
            voice.say("unlisted_district", values={"home": voice.district(unlisted)})
            return
        if not (home := district_of(self.words)):
            voice.say("come_closer")
        elif self.district != home:
            voice.say("other_district", values={"home": voice.district(home)})
        elif self.words != home:
            voice.say("same_district")


def lost_place(relaxed: Sequence[str], state: State, hotels: Sequence[Shown]) -> LostPlace | None:
    """The place that a search gave up; None where it gave up none."""
    field = next((field for field in FIELDS if field in relaxed), "")
    words = str(state.get(field) or "")
    if not words or not hotels:
        return None
    near = neighbours(words)
    at = [next((place for place in near if place in _where(hotel)), "") for hotel in hotels]
    found = {district_in(hotel.address) for hotel in hotels}
    district = found.pop() if len(found) == 1 and district_of(words) else ""
    return LostPlace(field, words, tuple(sorted(set(at), key=near.index)) if all(at) else (), district)


def _where(hotel: Shown) -> str:
    return f"{hotel.name} {hotel.address} {hotel.subway}"
