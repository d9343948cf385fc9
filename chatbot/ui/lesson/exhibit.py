"""What an exhibit is: a name, controls whose values can stand in an address, the module that draws it, and the code that does it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from chatbot.core.settings import Settings
from chatbot.hotels.store import HotelStore

Values = Mapping[str, Any]
"""A control's name → its value, which `clean` has been through."""


class Control(Protocol):
    """One thing to move. Whatever a page or an address sends becomes a value that it can have."""

    @property
    def name(self) -> str:
        """Its name in the address."""
        ...

    @property
    def value(self) -> Any:
        """Where it stands at first."""
        ...

    def clean(self, sent: Any) -> Any:
        """The nearest value that it can have; the first one where nothing is near."""
        ...


@dataclass(frozen=True)
class Slider:
    """A number between two others."""

    name: str
    low: float
    high: float
    value: float
    step: float = 1

    def clean(self, sent: Any) -> float:
        """Within the ends, on a step."""
        try:
            number = float(sent)
        except (TypeError, ValueError):
            return self.value
        if not math.isfinite(number):
            return self.value
        near = self.low + round((min(max(number, self.low), self.high) - self.low) / self.step) * self.step
        return int(near) if float(self.step).is_integer() else round(near, 4)


@dataclass(frozen=True)
class Pick:
    """One of a few."""

    name: str
    options: tuple[str, ...]
    value: str

    def clean(self, sent: Any) -> str:
        """An option."""
        return sent if sent in self.options else self.value


@dataclass(frozen=True)
class Words:
    """A sentence that somebody types."""

    name: str
    value: str
    most: int = 60

    def clean(self, sent: Any) -> str:
        """One line of at most so many characters; the first sentence where there is none."""
        return " ".join(str(sent or "").split())[: self.most] or self.value


@dataclass(frozen=True)
class Exhibit:
    """One exhibit; its module `chatbot/ui/lesson/views/NAME.py` has `draw(values, sight)`.

    Attributes:
        controls: what can be moved, in the order of the page.
        code: (path, name) of what does it; shown as it runs.
        step: the slider that the step button moves on; "" for none.
        model: whether a model must be open before the module is imported: two threads that import transformers at once break it.
    """

    name: str
    controls: tuple[Control, ...]
    code: tuple[tuple[str, str], ...]
    step: str = ""
    model: bool = True

    def clean(self, sent: Values) -> dict[str, Any]:
        """Values for all controls from what was sent for some."""
        return {c.name: c.clean(sent[c.name]) if c.name in sent else c.value for c in self.controls}


@dataclass(frozen=True)
class Sight:
    """What a drawing may ask for: whose language, a model by id, the hotels, the settings."""

    who: Any
    model: Callable[[str], Any]
    settings: Settings
    store: HotelStore


@dataclass(frozen=True)
class Drawn:
    """A picture as HTML, and how far each slider reaches for what is shown."""

    html: str
    limits: dict[str, int] = field(default_factory=dict)
