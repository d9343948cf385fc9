"""Calls of an OpenAI-compatible API that are paid for once: kept as they arrive, repeated where nothing arrived, stopped at the cap."""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from weakref import WeakValueDictionary

from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    InternalServerError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
)

from chatbot.core.errors import BackendError, BudgetError, InputError
from chatbot.core.thoughts import without_thoughts
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.concurrency import AdaptiveLimit
from chatbot.corpus.augmentation.prompts import Request

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
    """

    content: str
    refusal: str | None
    finish: str


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


class DirectAsker:
    """One call after another is started as long as the server and the budget take them.

    Every call is noted before it is made and its answer before it is read. A call that got no answer may have been answered after
    all, or the server may still be at it: with `patience`, the API keeps answers under our key, and the answer is looked for that
    many seconds after the call was made before it is paid for again. Two tasks that ask the same at the same time share one answer.

    Args:
        patience: seconds that a server may take over a call that nobody waits for any more; None where it keeps no answers.
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
    ) -> None:
        self._client, self._cache, self._budget, self._limit, self._prices, self._patience = (
            client,
            cache,
            budget,
            limit,
            prices,
            patience,
        )
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: Request) -> Answer:
        """The answer, from the cache or the API."""
        lock = self._asking.setdefault(request.key, asyncio.Lock())
        async with lock:
            body = self._cache.get(request.key) or await self._call(request)
        answer = read_answer(body)
        if answer is None:
            raise BackendError("corpus.answer", value=body[:80])
        return answer

    async def _call(self, request: Request) -> str:
        tries = {"refused": 0, "failed": 0}
        while True:
            if kept := await self._recover(request):
                return kept
            async with self._limit.slot():
                got = await self._attempt(request)
                if isinstance(got, str):
                    return got
                outcome, wait, reason = got
                tries[outcome] += 1
                if tries[outcome] >= TRIES[outcome]:
                    raise BackendError("corpus.no_answer", value=reason, tries=tries[outcome])
                wait = min(LONGEST_WAIT, wait or random.uniform(0.25, 0.5) * 2 ** min(tries[outcome] - 1, 5))
                if outcome == "refused":
                    await asyncio.sleep(wait)  # in its slot, which eases the pressure on the server
            if outcome == "failed":
                await asyncio.sleep(wait)

    async def _attempt(self, request: Request) -> str | tuple[Outcome, float, str]:
        """One call: the body of its answer, or what went wrong and how long the server wants us to wait (0 for no wish)."""
        most = self._prices.most(request.texts, request.parameters.max_tokens)
        await self._budget.reserve(most)
        cost = 0.0
        try:
            call = await self._cache.opened(request.key, most)
            body = await self._post(request)
            if read_answer(body) is None:
                await self._cache.settled(call, "lost")
                cost = most
                return "failed", 0.0, "not a chat completion"
            counted = usage(body)
            cost = self._prices.cost(*counted) if counted else most
            await self._cache.settled(call, "answered", cost, body)
            self._limit.succeeded()
            return body
        except APIConnectionError as error:
            await self._cache.settled(call, "lost")
            cost = most
            return "failed", 0.0, str(error)
        except APIStatusError as error:
            await self._cache.settled(call, "free")
            return self._refusal(error)
        finally:
            await self._budget.settle(most, cost)

    async def _post(self, request: Request) -> str:
        sampling = request.parameters.model_dump(exclude_none=True)
        kept: dict[str, Any] = {} if self._patience is None else {"store": True, "metadata": {"key": request.key}}
        messages: Any = list(request.messages)
        raw = await self._client.chat.completions.with_raw_response.parse(
            model=request.model, messages=messages, response_format=request.schema, **sampling, **kept
        )
        return raw.text

    def _refusal(self, error: APIStatusError) -> tuple[Outcome, float, str]:
        """What an HTTP error means: wait, try again, give up this request, or give up all."""
        if isinstance(error, RateLimitError) and error.code != "insufficient_quota":
            self._limit.refused()
            return "refused", _retry_after(error), "429"
        if isinstance(error, RateLimitError):
            raise BudgetError("corpus.money") from error
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            raise InputError("corpus.key") from error
        if isinstance(error, NotFoundError):
            raise InputError("corpus.address", value=error.message) from error
        if error.status_code >= 500 or error.status_code in (408, 409):
            return "failed", _retry_after(error), str(error.status_code)
        raise BackendError("corpus.refused", value=error.message, status=error.status_code) from error

    async def _recover(self, request: Request) -> str | None:
        """The answer of a call that was cut off, looked for until the server must have ended it; None where there is none."""
        call = self._cache.unanswered(request.key) if self._patience is not None else None
        pause = FIRST_LOOK
        while call is not None:
            looked = time.time()
            found = await self._look(request)
            if found:
                counted = usage(found)
                cost = self._prices.cost(*counted) if counted else call.reserved
                await self._cache.settled(call.id, "answered", cost, found)
                await self._budget.settle(0.0, cost - call.reserved)  # it was counted at its most
            if found is not None or looked - call.at >= (self._patience or 0.0):
                return found or None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)
        return None

    async def _look(self, request: Request) -> str | None:
        """The answer that the server keeps; None where it has none yet, "" where it keeps no answers at all."""
        try:
            page = await self._client.chat.completions.list(metadata={"key": request.key}, limit=1)
        except (APIConnectionError, RateLimitError, InternalServerError):
            return None
        except OpenAIError:
            return ""
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
        return (
            float(header["retry-after-ms"]) / 1000
            if "retry-after-ms" in header
            else float(header.get("retry-after", 0))
        )
    except ValueError:
        return 0.0
