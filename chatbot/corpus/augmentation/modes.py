"""The three ways to have tasks written: from tables, by an API call after call, by an API in batches; and what each would cost."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.events import Progress, Reporter
from chatbot.core.settings import settings
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.client import Answer, DirectAsker
from chatbot.corpus.augmentation.concurrency import AdaptiveLimit
from chatbot.corpus.augmentation.config import BATCH, AugmentConfig
from chatbot.corpus.augmentation.offline import OfflineWriter
from chatbot.corpus.augmentation.prompts import Request
from chatbot.corpus.augmentation.task import Task
from chatbot.corpus.augmentation.writing import ROUNDS, ApiWriter, Augmented, RejectedTask, Run

BATCH_SHARE = 0.5
"""A batch costs half."""
PATIENCE = 1.5
"""How much longer than we wait for an answer a server may go on with a call that was cut off; as long it is looked for before it is paid for again."""
TYPICAL_TOKENS_OUT = {"spoken": 80, "followup": 160, "by_name": 140, "by_cap": 160}


@dataclass(frozen=True)
class Estimate:
    """Before the start: tasks by operation, and US dollars (typical, and the most that the first round can cost)."""

    tasks: dict[str, int]
    typical: float
    most: float

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def prices_of(config: AugmentConfig) -> Prices:
    """The prices that a run pays; raises InputError where the model's are not known."""
    return Prices.of(config.model, config.price_in, config.price_out, BATCH_SHARE if config.mode == "batch" else 1.0)


def estimate(todo: Sequence[Task], config: AugmentConfig) -> Estimate:
    """What a run will take, from the very requests that it would send.

    Raises:
        InputError: the model's price is not known.
    """
    counts = {operation: sum(t.operation == operation for t in todo) for operation in config.operations}
    if config.mode == "offline":
        return Estimate(counts, 0.0, 0.0)
    prices, writer = prices_of(config), ApiWriter(_Nobody(), config)
    requests = [(task, writer.request(task)) for task in todo]
    typical = sum(prices.typical(request.texts, TYPICAL_TOKENS_OUT[task.operation]) for task, request in requests)
    return Estimate(
        counts, typical, sum(prices.most(request.texts, request.parameters.max_tokens) for _, request in requests)
    )


class _Nobody:
    """Is never asked."""

    async def ask(self, request: Request) -> Answer:
        raise NotImplementedError


@asynccontextmanager
async def _client(config: AugmentConfig, api_key: str | None) -> AsyncIterator[Any]:
    from openai import AsyncOpenAI

    from chatbot.core.trust.addresses import endpoint
    from chatbot.core.trust.transport import async_client

    current = settings()
    to = endpoint(config.base_url, api_key, current)
    if not to.key and not (config.base_url or current.openai_base_url):
        raise InputError("corpus.no_key")
    http: Any = async_client(to, config.timeout)  # openai's types name another generation of httpx; it takes both
    async with AsyncOpenAI(
        api_key=to.key or "none", base_url=to.url, max_retries=0, timeout=config.timeout, http_client=http
    ) as client:
        yield client


def cache_path(config: AugmentConfig) -> Path:
    """The file of all answers so far."""
    return config.cache or settings().folder("augment") / "answers.sqlite"


def _budget(cache: AnswerCache, config: AugmentConfig) -> Budget:
    """The cap counts from the first call that the cache knows, so that a resumed run cannot spend it twice."""
    spent = cache.spent()
    return Budget(config.cap, spent.paid + spent.at_risk)


async def run_offline(
    todo: list[Task], config: AugmentConfig, watch: Reporter, api_key: str | None = None
) -> Augmented:
    """From the project's own tables."""
    return await Run(todo, OfflineWriter(config.seed), watch).run()


async def run_direct(todo: list[Task], config: AugmentConfig, watch: Reporter, api_key: str | None = None) -> Augmented:
    """Call after call, as many at once as the server takes."""
    with closing(AnswerCache(cache_path(config))) as cache:
        async with _client(config, api_key) as client:
            patience = PATIENCE * config.timeout if config.store_answers else None
            asker = DirectAsker(
                client,
                cache,
                _budget(cache, config),
                AdaptiveLimit(config.concurrency),
                prices_of(config),
                patience=patience,
            )
            return await Run(
                todo, ApiWriter(asker, config), watch, workers=2 * config.concurrency, cache=cache, cap=config.cap
            ).run()


async def run_batch(
    todo: list[Task], config: AugmentConfig, watch: Reporter, api_key: str | None = None, pause: float = 30.0
) -> Augmented:
    """In batches: one for the first round, one for each round of repairs; open batches of an earlier run are collected first."""
    from chatbot.corpus.augmentation.batch_api import BatchAsker, Batches, NotAnsweredYet

    with closing(AnswerCache(cache_path(config))) as cache:
        async with _client(config, api_key) as client:
            batches = Batches(client, cache, _budget(cache, config), prices_of(config), pause)
            sent = 0
            while True:
                ended = await batches.collect(
                    watch.should_stop,
                    lambda done, total: watch.event(Progress(done=done, total=total, what=BATCH)),
                )
                asker = BatchAsker(cache)
                got = await Run(todo, ApiWriter(asker, config), watch, cache=cache, cap=config.cap).run(NotAnsweredYet)
                if not asker.missing or not ended or got.state != "done":
                    return got if ended else Augmented(got.made, got.aside, "stopped", got.total)
                if sent > 2 * ROUNDS:
                    return _give_up(got, todo)
                await batches.send(asker.missing)
                sent += 1


def _give_up(got: Augmented, todo: list[Task]) -> Augmented:
    known = {task.id for task, _ in got.made} | {item.task.id for item in got.aside}
    rest = [RejectedTask(task, "批处理没有给出回答") for task in todo if task.id not in known]
    return Augmented(got.made, [*got.aside, *rest], got.state, got.total)
