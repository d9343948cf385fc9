"""One request on its way to its answers: a place among those that are answered at once, a deadline, one choice after another."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from chatbot.core.errors import InputError
from chatbot.models.backends import CallDelta, ChatModel, Delta, TextDelta
from chatbot.models.serving.choice import Bounds, Choice
from chatbot.models.serving.openai_request import ChatRequest, offer, to_messages
from chatbot.models.serving.usage import Counter

Step = tuple[Choice, TextDelta | CallDelta | None]
"""What a choice goes on with; None where it ends."""


class Answering:
    """One request on its way to its answers."""

    def __init__(self, request: ChatRequest, deadline: float, seconds: float) -> None:
        self.request, self.choices, self.hung_up = request, list[Choice](), threading.Event()
        self.messages = to_messages(request.messages)
        self.tools, must_call = offer(request)
        self._deadline, self._seconds = deadline, seconds
        self._bounds = Bounds(
            stops=request.stops,
            most=request.most_tokens,
            callable=frozenset(tool["function"]["name"] for tool in self.tools),
            must_call=must_call,
            several=request.parallel_tool_calls is not False,
        )
        self._counter: Counter | None = None

    def prompt_tokens(self) -> int:
        """Tokens of what the model read."""
        return self._counter.prompt(self.messages, self.tools) if self._counter else 0

    def steps(
        self, open_model: Callable[[str], ChatModel], places: threading.BoundedSemaphore
    ) -> Generator[Step, None, None]:
        """All choices, one after the other; holds one of the places from its first step to its end.

        Raises:
            InputError: all places are taken, or the time is over.
        """
        if not places.acquire(blocking=False):
            raise InputError("models.request_busy")
        try:
            model = open_model(self.request.model)
            self._counter = Counter(model)
            for number in range(self.request.n or 1):
                choice = Choice(number, self._bounds, self._counter)
                self.choices.append(choice)
                yield from self._choice(model, choice)
        finally:
            places.release()

    def _choice(self, model: ChatModel, choice: Choice) -> Iterator[Step]:
        forced: dict[str, Any] = {"must_call": True} if self._bounds.must_call else {}
        temperature, seed = self.request.temperature or 0.0, (self.request.seed or 0) + choice.index
        source = model.generate(
            self.messages, self.tools, stop=self._is_over, temperature=temperature, seed=seed, **forced
        )
        with contextlib.closing(_generator(source)) as deltas:
            for delta in choice.deltas(deltas):
                yield choice, delta
                self._check_time()
        self._check_time()
        yield choice, None

    def _is_over(self) -> bool:
        return self.hung_up.is_set() or time.monotonic() > self._deadline

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise InputError("models.request_slow", seconds=self._seconds)


def _generator(source: Iterator[Delta]) -> Generator[Delta, None, None]:
    """As a generator of our own, so that it can be closed whatever the model returns."""
    yield from source
