"""OpenAI's Batch API as a second way to ask: half the price, hours instead of minutes, found again by its id after any stop."""

import io
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from openai import APIStatusError, AsyncOpenAI, OpenAIError
from openai.types import Batch

from chatbot.core.errors import BackendError, BudgetError, WorkbenchError
from chatbot.core.events import Stopped
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache, Call
from chatbot.corpus.augmentation.client import Answer, api_error, charged, is_passing, read_answer
from chatbot.corpus.augmentation.prompts import Request
from chatbot.corpus.augmentation.runs.halt import Halt

T = TypeVar("T")
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""The API's limits for one batch."""
MOST_LOOKS = 60
"""How often in a row the API may be away before its batch is given up for now."""
ENDED = ("completed", "failed", "expired", "cancelled")


class NotAnsweredYet(Exception):
    """This request has no answer yet; it is collected for the next batch."""


class BatchAsker:
    """Answers from the cache, and collects what is not there."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache, self.missing = cache, dict[str, Request]()

    async def ask(self, request: Request) -> Answer:
        """The answer that a batch has brought; raises Missing where none has yet."""
        body = self._cache.get(request.key)
        if body is None:
            self.missing[request.key] = request
            raise NotAnsweredYet
        answer = read_answer(body)
        if answer is None:
            raise BackendError("corpus.batch_answer", value=body[:80])
        return answer


@dataclass(frozen=True)
class Ended:
    """A batch that is settled.

    Attributes:
        status: completed, failed, expired or cancelled, as the API says; "unknown" where it was never created there, "torn" where it has
            run, and billed, more requests than could be read.
        sent, answered: requests, and those that brought an answer; the others cost nothing and are back under the cap.
        note: why it ended so, in the API's words.
    """

    status: str
    sent: int
    answered: int
    note: str

    @property
    def whole(self) -> bool:
        """Whether the rest may simply be sent again: it ran to its end, even if some of its requests failed, or it was never there."""
        return self.status == "unknown" or (self.status == "completed" and self.answered > 0)


class Batches:
    """Sends batches and brings their answers into the cache.

    Args:
        halt: ends all waiting where a stop was asked for; then Stopped is raised, and the batch is found again.
        pause: seconds between two looks at a batch.
    """

    def __init__(
        self, client: AsyncOpenAI, cache: AnswerCache, budget: Budget, prices: Prices, halt: Halt, pause: float = 30.0
    ) -> None:
        self._client, self._cache, self._budget, self._prices = client, cache, budget, prices
        self._halt, self._pause = halt, pause

    async def send(self, requests: dict[str, Request]) -> None:
        """Send as many requests as fit the budget and the limits of one batch.

        Raises:
            BudgetError: not one fits.
            WorkbenchError: the API does not take the batch; nothing of it is paid for.
        """
        lines: list[str] = []
        costs: dict[str, float] = {}
        size, money = 0, 0.0
        for key, request in requests.items():
            line = json.dumps(_line(key, request), ensure_ascii=False)
            most = self._prices.most(request.texts, request.parameters.max_tokens)
            size, money = size + len(line.encode()) + 1, money + most
            if len(lines) == MOST_REQUESTS or size > MOST_BYTES or not self._budget.fits(money):
                break
            lines.append(line)
            costs[key] = most
        if not lines:
            raise BudgetError("corpus.batch_cap", value=self._budget.cap)
        self._halt.check()
        token = secrets.token_hex(16)
        self._cache.open_batch(token, costs)
        self._budget.spent += sum(costs.values())
        await self._create(token, "\n".join(lines))

    async def _create(self, token: str, text: str) -> None:
        """Upload and create; where that is refused the money is free again, where nobody knows the batch is looked for later."""
        try:
            content = (f"{token}.jsonl", io.BytesIO(text.encode()))
            file = await self._halt.within(self._client.files.create(file=content, purpose="batch"))
        except Stopped:
            self._end(token, "unknown", "")  # it cannot be there without its file
            raise
        except OpenAIError as error:
            self._end(token, "unknown", str(error))
            raise _told(error) from error
        try:
            batch = await self._halt.within(
                self._client.batches.create(
                    input_file_id=file.id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    metadata={"token": token},
                )
            )
        except OpenAIError as error:
            if not is_passing(error):  # else nobody knows whether it is there: it is looked for when the run goes on
                self._end(token, "unknown", str(error))
            raise _told(error) from error
        self._cache.note_batch(token, batch=batch.id)

    async def collect(self, progress: Callable[[int, int], None]) -> list[Ended]:
        """Wait for all open batches and keep their answers.

        Raises:
            InputError: the API does not know a batch, e.g. because the key is another one.
            BackendError: it has not been there for a long time.
        """
        return [await self._collect(token, number, progress) for token, number in self._cache.open_batches()]

    async def _collect(self, token: str, number: str | None, progress: Callable[[int, int], None]) -> Ended:
        batch = await (self._ask(lambda: self._client.batches.retrieve(number)) if number else self._find(token))
        while batch is not None and batch.status not in ENDED:
            counts = batch.request_counts
            progress(counts.completed if counts else 0, counts.total if counts else 0)
            await self._halt.sleep(self._pause)
            known = batch.id
            batch = await self._ask(lambda: self._client.batches.retrieve(known))  # noqa: B023 (awaited at once)
        if batch is None:
            return self._end(token, "unknown", "")
        self._cache.note_batch(token, batch=batch.id)
        await self._keep(token, batch)
        completed = batch.request_counts.completed if batch.request_counts else 0
        return self._end(token, batch.status, _reason(batch), completed)

    async def _find(self, token: str) -> Batch | None:
        """A batch by its token, where a stop came before its id was noted; None where it was never created, which takes two looks."""
        for look in range(2):
            if look:
                await self._halt.sleep(self._pause)
            if found := await self._ask(lambda: self._listed(token)):
                return found
        return None

    async def _listed(self, token: str) -> Batch | None:
        async for batch in self._client.batches.list(limit=100):
            if (batch.metadata or {}).get("token") == token:
                return batch
        return None

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """What the API says; asked again where it is not there for a while.

        Raises:
            WorkbenchError: it refuses, or has not been there for half an hour.
        """
        for _ in range(MOST_LOOKS - 1):
            try:
                return await self._halt.within(call())
            except OpenAIError as error:
                if not is_passing(error):
                    raise _told(error) from error
                await self._halt.sleep(self._pause)
        try:
            return await self._halt.within(call())
        except OpenAIError as error:
            raise _told(error) from error

    async def _keep(self, token: str, batch: Batch) -> None:
        waiting = {call.key: call for call in self._cache.waiting_in(token)}
        for file in filter(None, (batch.output_file_id, batch.error_file_id)):
            content = await self._ask(lambda: self._client.files.content(file))  # noqa: B023 (awaited at once)
            for line in content.text.splitlines():
                self._keep_line(line, waiting)

    def _keep_line(self, text: str, waiting: dict[str, Call]) -> None:
        """Settle the request that a line answers; one that cannot be read settles none, nor does one that is settled already."""
        try:
            line = json.loads(text)
            key, response = str(line["custom_id"]), line.get("response") or {}
            status, body = response.get("status_code"), json.dumps(response.get("body"), ensure_ascii=False)
        except (ValueError, LookupError, TypeError, AttributeError):
            return
        if key in waiting and status != 200:
            self._free(waiting.pop(key))
        elif key in waiting and read_answer(body) is not None:
            call = waiting.pop(key)
            cost = charged(body, self._prices, call.reserved)
            self._cache.settle(call.id, "answered", cost, body)
            self._budget.spent += cost - call.reserved  # it was counted at its most

    def _free(self, call: Call) -> None:
        self._cache.settle(call.id, "free")
        self._budget.spent -= call.reserved

    def _end(self, token: str, status: str, note: str, completed: int = 0) -> Ended:
        """Settle what no line of the batch has settled.

        The API bills the requests that it has completed. If it says that there are more of them than could be read, as many stay
        counted at their most; all others cost nothing.
        """
        unread = completed - self._cache.batch_sum(token).answered
        for at, call in enumerate(self._cache.waiting_in(token)):
            if at < unread:
                self._cache.settle(call.id, "lost")
                status = "torn"
            else:
                self._free(call)
        made = self._cache.batch_sum(token)
        fields = {"status": status, "answered": made.answered, "cost": made.cost, "note": note[:300]}
        self._cache.note_batch(token, state="ended", **fields)
        return Ended(status, made.sent, made.answered, note)


def _reason(batch: Batch) -> str:
    """Why a batch ended as it did, in the API's words."""
    errors = (batch.errors.data if batch.errors else None) or []
    return "; ".join(error.message for error in errors if error.message)


def _told(error: OpenAIError) -> WorkbenchError:
    """An error of the API as one for people."""
    if isinstance(error, APIStatusError):
        return api_error(error)
    return BackendError("corpus.no_answer", value=str(error), tries=1)


def _line(key: str, request: Request) -> dict[str, Any]:
    """One request of a batch file; the schema is sent in the strict form that direct calls use."""
    schema = {"name": request.schema.__name__, "strict": True, "schema": _strict(request.schema.model_json_schema())}
    body = {
        "model": request.model,
        "messages": list(request.messages),
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    return {
        "custom_id": key,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": body | request.parameters.model_dump(exclude_none=True),
    }


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in which every property is required, as structured output asks for; ours forbid extra ones already."""
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        if part.get("type") == "object":
            part["required"] = list(part["properties"])
    return schema
