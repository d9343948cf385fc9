"""Calls of an OpenAI-compatible API that are paid for once: kept as they arrive, repeated where nothing arrived, stopped at the cap."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol
from weakref import WeakValueDictionary

from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
)

from chatbot.core.errors import BackendError, BudgetError, InputError, WorkbenchError
from chatbot.core.events import Stopped
from chatbot.core.thoughts import without_thoughts
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.concurrency import AdaptiveLimit
from chatbot.corpus.augmentation.prompts import Request
from chatbot.corpus.augmentation.runs.halt import Halt

TRIES: dict[str, int] = {"refused": 60, "failed": 8}
"""How often one request may be refused (429) and may fail (5xx, time-out, cut connection) before it is given up."""
LONGEST_WAIT = 60.0
FIRST_LOOK, LONGEST_LOOK = 0.25, 4.0
"""Seconds between two looks for the answer of a call that was cut off; doubled from look to look."""
Outcome = Literal["refused", "failed"]


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Attributes:
        content: its text, "" where it refused.
        refusal: why it refused, None where it answered.
        finish: "stop", or "length" for an answer that was cut off.
        fresh: whether it was asked for just now, and not found among earlier answers.
    """

    content: str
    refusal: str | None
    finish: str
    fresh: bool = False


class Asker(Protocol):
    """Something that answers requests: the API, or a batch of it."""

    async def ask(self, request: Request) -> Answer:
        """The answer; raises BackendError for this request, BudgetError or InputError for all."""
        ...


def read_answer(body: str) -> Answer | None:
    """A chat completion's first choice; None where the body is no chat completion."""
    try:
        choice = json.loads(body)["choices"][0]
        message = choice["message"]
        content = without_thoughts(str(message.get("content") or ""))
        return Answer(content, message.get("refusal"), str(choice.get("finish_reason") or "stop"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def usage(body: str) -> tuple[int, int] | None:
    """Tokens in and out as the API counted them."""
    counted = json.loads(body).get("usage")
    if not isinstance(counted, dict):
        return None
    return int(counted.get("prompt_tokens") or 0), int(counted.get("completion_tokens") or 0)


def model_of(body: str) -> str:
    """The model that an answer says it is from; "" where it does not say."""
    return str(json.loads(body).get("model") or "")


def charged(body: str, prices: Prices, most: float) -> float:
    """US dollars for an answer: by the API's own count and the price of the model that gave it, the most where either is not known."""
    counted, own = usage(body), prices.answered_by(model_of(body))
    return own.cost(*counted) if counted and own else most


def check_model(body: str, prices: Prices) -> None:
    """Raises InputError where another model has answered than the one whose price the cap reckons with; its answer is kept."""
    if not prices.is_for(model_of(body)):
        raise InputError("corpus.other_model", value=model_of(body), asked=prices.model)


def api_error(error: APIStatusError) -> WorkbenchError:
    """What a refusal that no waiting mends means for a person."""
    if isinstance(error, RateLimitError) and error.code == "insufficient_quota":
        return BudgetError("corpus.money")
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return InputError("corpus.key")
    if isinstance(error, NotFoundError):
        return InputError("corpus.address", value=error.message)
    return BackendError("corpus.refused", value=error.message, status=error.status_code)


def is_passing(error: OpenAIError) -> bool:
    """Whether an error may be over the next time: no connection, too many calls, a server that is down; no money left is none."""
    busy = isinstance(error, RateLimitError) and error.code != "insufficient_quota"
    again = isinstance(error, APIStatusError) and (error.status_code >= 500 or error.status_code in (408, 409))
    return busy or again or isinstance(error, APIConnectionError)


class DirectAsker:
    """One call after another is started as long as the server and the budget take them.

    Every call is noted before it is made and its answer before it is read. A call that got no answer may have been answered after
    all, or the server may still be at it: with `patience`, the API keeps answers under our key, and the answer is looked for that
    many seconds after the call was made before it is paid for again. Two tasks that ask the same at the same time share one answer.

    Args:
        patience: seconds that a server may take over a call that nobody waits for any more; None where it keeps no answers.
        longest: seconds for one whole answer, however slowly it trickles in; None for as long as it takes.
        halt: ends all waiting where a stop was asked for; then Stopped is raised.
    """

    def __init__(
        self,
        client: AsyncOpenAI,
        cache: AnswerCache,
        budget: Budget,
        limit: AdaptiveLimit,
        prices: Prices,
        *,
        patience: float | None = None,
        longest: float | None = None,
        halt: Halt | None = None,
    ) -> None:
        self._client, self._cache, self._budget, self._limit, self._prices = client, cache, budget, limit, prices
        self._patience, self._longest, self._halt = patience, longest, halt or Halt()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: Request) -> Answer:
        """The answer, from the cache or the API."""
        lock = self._asking.setdefault(request.key, asyncio.Lock())
        async with lock:
            known = self._cache.get(request.key)
            body = known or await self._call(request)
        if known is None:
            check_model(body, self._prices)
        answer = read_answer(body)
        if answer is None:
            raise BackendError("corpus.answer", value=body[:80])
        return replace(answer, fresh=known is None)

    async def _call(self, request: Request) -> str:
        tries = {"refused": 0, "failed": 0}
        while True:
            if kept := await self._recover(request):
                return kept
            async with self._limit.slot():
                self._halt.check()
                got = await self._attempt(request)
                if isinstance(got, str):
                    return got
                outcome, wait, reason = got
                tries[outcome] += 1
                if tries[outcome] >= TRIES[outcome]:
                    raise BackendError("corpus.no_answer", value=reason, tries=tries[outcome])
                wait = min(LONGEST_WAIT, wait or random.uniform(0.25, 0.5) * 2 ** min(tries[outcome] - 1, 5))
                if outcome == "refused":
                    await self._halt.sleep(wait)  # in its slot, which eases the pressure on the server
            if outcome == "failed":
                await self._halt.sleep(wait)

    async def _attempt(self, request: Request) -> str | tuple[Outcome, float, str]:
        """One call: the body of its answer, or what went wrong and how long the server wants us to wait (0 for no wish)."""
        most = self._prices.most(request.texts, request.parameters.max_tokens)
        await self._budget.reserve(most)
        cost = 0.0
        try:
            self._halt.check()
            call = await self._cache.opened(request.key, most)
            try:
                body = await self._post(request)
            except (APIConnectionError, TimeoutError, Stopped) as error:
                cost = most
                await self._cache.settled(call, "lost")
                if isinstance(error, Stopped):
                    raise
                return "failed", 0.0, str(error) or "timeout"
            except APIStatusError as error:
                await self._cache.settled(call, "free")
                return self._refusal(error)
            cost = await self._keep(call, body, most)
            return body if read_answer(body) is not None else ("failed", 0.0, "not a chat completion")
        finally:
            await self._budget.settle(most, cost)

    async def _keep(self, call: int, body: str, most: float) -> float:
        """Note what a call brought, and return what it cost."""
        if read_answer(body) is None:
            await self._cache.settled(call, "lost")
            return most
        cost = charged(body, self._prices, most)
        await self._cache.settled(call, "answered", cost, body)
        self._limit.succeeded()
        return cost

    async def _post(self, request: Request) -> str:
        sampling = request.parameters.model_dump(exclude_none=True)
        kept: dict[str, Any] = {} if self._patience is None else {"store": True, "metadata": {"key": request.key}}
        messages: Any = list(request.messages)
        async with asyncio.timeout(self._longest):
            raw = await self._halt.within(
                self._client.chat.completions.with_raw_response.parse(
                    model=request.model, messages=messages, response_format=request.schema, **sampling, **kept
                )
            )
        return raw.text

    def _refusal(self, error: APIStatusError) -> tuple[Outcome, float, str]:
        """What an HTTP error means: wait, try again, give up this request, or give up all."""
        if not is_passing(error):
            raise api_error(error) from error
        if isinstance(error, RateLimitError):
            self._limit.refused()
            return "refused", _retry_after(error), "429"
        return "failed", _retry_after(error), str(error.status_code)

    async def _recover(self, request: Request) -> str | None:
        """The answer of a call that was cut off, looked for until the server must have ended it; None where there is none.

        Raises:
            BackendError: a batch that is under way holds this request, and will bring its answer.
        """
        call = self._cache.unanswered(request.key)
        if call is not None and any(call.batch == token for token, _ in self._cache.open_batches()):
            raise BackendError("corpus.in_batch")
        call = call if self._patience is not None else None
        pause = FIRST_LOOK
        while call is not None:
            looked = time.time()
            found = await self._halt.within(self._look(request))
            if found:
                cost = charged(found, self._prices, call.reserved)
                await self._cache.settled(call.id, "answered", cost, found)
                await self._budget.settle(0.0, cost - call.reserved)  # it was counted at its most
            if found is not None or looked - call.at >= (self._patience or 0.0):
                return found or None
            await self._halt.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)
        return None

    async def _look(self, request: Request) -> str | None:
        """The answer that the server keeps; None where it has none yet, "" where it keeps no answers at all."""
        try:
            page = await self._client.chat.completions.list(metadata={"key": request.key}, limit=1)
        except OpenAIError as error:
            return None if is_passing(error) else ""
        kept = next(
            (answer for answer in page.data if (getattr(answer, "metadata", None) or {}).get("key") == request.key),
            None,
        )
        found = kept.model_dump_json() if kept else ""
        return found if read_answer(found) is not None else None


def _retry_after(error: APIStatusError) -> float:
    """Seconds that the server asks us to wait; 0 where it says nothing."""
    header = error.response.headers
    try:
        asked = float(header.get("retry-after-ms", 0)) / 1000 or float(header.get("retry-after", 0))
    except ValueError:
        return 0.0
    return asked if asked > 0 else 0.0
