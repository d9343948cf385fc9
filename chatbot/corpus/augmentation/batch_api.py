"""OpenAI's Batch API as a second way to ask: half the price, hours instead of minutes, found again by its id after any stop."""

import asyncio
import io
import json
import secrets
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from openai.types import Batch

from chatbot.core.errors import BackendError, BudgetError
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.client import Answer, read_answer, usage
from chatbot.corpus.augmentation.prompts import Request

MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""The API's limits for one batch."""
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


class Batches:
    """Sends batches and brings their answers into the cache.

    Args:
        pause: seconds between two looks at a batch.
        should_stop: asked while waiting.
    """

    def __init__(
        self, client: AsyncOpenAI, cache: AnswerCache, budget: Budget, prices: Prices, pause: float = 30.0
    ) -> None:
        self._client, self._cache, self._budget, self._prices, self._pause = client, cache, budget, prices, pause

    async def send(self, requests: dict[str, Request]) -> None:
        """Send as many requests as fit the budget and the limits of one batch.

        Raises:
            BudgetError: not one fits.
        """
        lines: list[str] = []
        costs: dict[str, float] = {}
        size = 0
        for key, request in requests.items():
            line, most = (
                json.dumps(_line(key, request), ensure_ascii=False),
                self._prices.most(request.texts, request.parameters.max_tokens),
            )
            size += len(line.encode()) + 1
            if len(lines) == MOST_REQUESTS or size > MOST_BYTES or not self._budget.fits(sum(costs.values()) + most):
                break
            lines.append(line)
            costs[key] = most
        if not lines:
            raise BudgetError("corpus.batch_cap", value=self._budget.cap)
        await self._create("\n".join(lines), costs)

    async def _create(self, text: str, costs: dict[str, float]) -> None:
        token = secrets.token_hex(16)
        file = await self._client.files.create(file=(f"{token}.jsonl", io.BytesIO(text.encode())), purpose="batch")
        self._cache.open(costs)
        self._budget.spent += sum(costs.values())
        self._cache.note_batch(token)
        batch = await self._client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"token": token}
        )
        self._cache.note_batch(token, batch.id)

    async def collect(self, should_stop: Callable[[], bool], progress: Callable[[int, int], None]) -> bool:
        """Wait for all open batches and keep their answers; False where a stop was asked for meanwhile."""
        for token, number in self._cache.open_batches():
            batch = await self._find(token, number)
            while batch is not None and batch.status not in ENDED:
                if should_stop():
                    return False
                counts = batch.request_counts
                progress(counts.completed if counts else 0, counts.total if counts else 0)
                await asyncio.sleep(self._pause)
                batch = await self._client.batches.retrieve(batch.id)
            if batch is not None:
                await self._keep(batch)
            self._cache.note_batch(token, batch.id if batch else None, "ended")
        return True

    async def _find(self, token: str, number: str | None) -> Batch | None:
        """A batch by its id, or by its token where a stop came before the id was noted; None where it was never created."""
        if number:
            return await self._client.batches.retrieve(number)
        async for batch in self._client.batches.list(limit=100):
            if (batch.metadata or {}).get("token") == token:
                return batch
        return None

    async def _keep(self, batch: Batch) -> None:
        for file in (batch.output_file_id, batch.error_file_id):
            if file is None:
                continue
            for line in (await self._client.files.content(file)).text.splitlines():
                if line.strip():
                    self._keep_line(json.loads(line))

    def _keep_line(self, line: dict[str, Any]) -> None:
        key, response = str(line.get("custom_id")), line.get("response") or {}
        call = self._cache.unanswered(key)
        if call is None:
            return  # kept already: the batch is being read a second time
        body = json.dumps(response.get("body"), ensure_ascii=False)
        if response.get("status_code") == 200 and read_answer(body) is not None:
            counted = usage(body)
            cost = self._prices.cost(*counted) if counted else call.reserved
            self._cache.settle(call.id, "answered", cost, body)
        else:
            cost = 0.0
            self._cache.settle(call.id, "free")
        self._budget.spent += cost - call.reserved  # it was counted at its most


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
