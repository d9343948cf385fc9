"""One of a request's answers while it grows: ended where the request says, with no call that the request does not allow."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from chatbot.core.errors import BackendError, InputError
from chatbot.core.messages import FunctionCall
from chatbot.models.backends import CallDelta, Delta, MessageDelta, TextDelta, WaitDelta
from chatbot.models.serving.usage import Counter


@dataclass(frozen=True)
class Bounds:
    """What a request allows.

    Attributes:
        stops: texts before which a reply ends.
        most: tokens of an answer; None for the model's own limit.
        callable: names of the functions that may be called.
        must_call: whether one of them has to be.
        several: whether more than one call is welcome.
    """

    stops: tuple[str, ...] = ()
    most: int | None = None
    callable: Collection[str] = ()
    must_call: bool = False
    several: bool = True


@dataclass
class Choice:
    """One answer; after its last delta `finish` says why it ended, in OpenAI's words."""

    index: int
    bounds: Bounds
    counter: Counter
    text: str = ""
    calls: list[FunctionCall] = field(default_factory=list)
    finish: str = ""
    _held: str = ""

    def deltas(self, source: Iterator[Delta]) -> Iterator[TextDelta | CallDelta]:
        """What of a model's deltas may go out.

        Raises:
            InputError: the model calls what the request does not offer.
            BackendError: it does not call, though it has to.
        """
        for delta in source:
            if isinstance(delta, TextDelta):
                yield from self._more(delta.text)
            elif isinstance(delta, WaitDelta):
                continue
            elif called := delta.message.call if isinstance(delta, MessageDelta) else delta.call:
                yield from self._call(called)
            if self.finish:
                return
        yield from self._say(self._held)
        if self.bounds.must_call and not self.calls and not self.finish:
            raise BackendError("models.request_uncalled", value=self.text)
        self.finish = self.finish or ("tool_calls" if self.calls else "stop")

    @property
    def tokens(self) -> int:
        """How many it has come to."""
        return self.counter.text(self.text) + sum(map(self.counter.call, self.calls))

    def _more(self, text: str) -> Iterator[TextDelta]:
        """Text as far as no stop can begin in it."""
        self._held += text
        ends = [at for stop in self.bounds.stops if (at := self._held.find(stop)) >= 0]
        if ends:
            said, self._held = self._held[: min(ends)], ""
            yield from self._say(said)
            self.finish = self.finish or "stop"
            return
        kept = max((_overlap(self._held, stop) for stop in self.bounds.stops), default=0)
        said, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        yield from self._say(said)

    def _say(self, text: str) -> Iterator[TextDelta]:
        whole = self.text + text
        if self.bounds.most is not None:
            whole = self.counter.cut(whole, self.bounds.most)
            if len(whole) < len(self.text + text):
                self.finish = "length"
        new, self.text = whole[len(self.text) :], max(whole, self.text, key=len)
        if new:
            yield TextDelta(new)

    def _call(self, call: FunctionCall) -> Iterator[TextDelta | CallDelta]:
        """A whole call, or none of it where it does not fit."""
        if call.name not in self.bounds.callable:
            raise InputError("models.request_unoffered", value=call.name)
        if self.calls and not self.bounds.several:
            return
        said, self._held = self._held, ""
        yield from self._say(said)
        if self.bounds.most is not None and self.tokens + self.counter.call(call) > self.bounds.most:
            self.finish = "length"
            return
        self.calls.append(call)
        yield CallDelta(call)


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of a text with which a stop begins."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
