"""The three ways to have tasks written: from tables, by an API call after call, by an API in batches; and what each would cost."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chatbot.core.errors import BudgetError, InputError, JobError
from chatbot.core.events import Progress, Reporter, Stopped
from chatbot.core.locks import lock
from chatbot.core.settings import settings
from chatbot.corpus.augmentation.batch_api import BatchAsker, Batches, Ended, NotAnsweredYet
from chatbot.corpus.augmentation.budget import Budget, Prices, published
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.client import Answer, DirectAsker
from chatbot.corpus.augmentation.concurrency import AdaptiveLimit
from chatbot.corpus.augmentation.config import BATCH, AugmentConfig
from chatbot.corpus.augmentation.offline import OfflineWriter
from chatbot.corpus.augmentation.prompts import Request
from chatbot.corpus.augmentation.runs.halt import Halt
from chatbot.corpus.augmentation.runs.pace import GUESS, Pace
from chatbot.corpus.augmentation.task import Task
from chatbot.corpus.augmentation.writing import ROUNDS, ApiWriter, Augmented, Feed, Run

PATIENCE = 1.5
"""How much longer than we wait for an answer a server may go on with a call that was cut off; as long it is looked for before it is paid for again."""
TYPICAL_TOKENS_OUT = {"spoken": 80, "followup": 160, "by_name": 140, "by_cap": 160}


@dataclass(frozen=True)
class Estimate:
    """Before the start.

    Attributes:
        tasks: by operation.
        answered: of them, those whose answer is there already and costs nothing more.
        typical, most: US dollars that the others will cost about, and at most in their first round.
        seconds: how long they will take about; None where nobody can say (a batch takes up to a day).
        measured: whether that is by the speed of the last run, and no mere guess.
        prices: US dollars a million tokens in and out, and the date of the price list ("" for prices that were given).
        spent, cap: US dollars of all runs so far, and at most.
    """

    tasks: dict[str, int]
    answered: int = 0
    typical: float = 0.0
    most: float = 0.0
    seconds: float | None = None
    measured: bool = False
    prices: tuple[float, float, str] | None = None
    spent: float = 0.0
    cap: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def prices_of(config: AugmentConfig) -> Prices:
    """The prices that a run pays; raises InputError where the model's are not known."""
    share = published()["batch_share"] if config.mode == "batch" else 1.0
    return Prices.of(config.model, config.price_in, config.price_out, share)


def estimate(todo: Sequence[Task], config: AugmentConfig) -> Estimate:
    """What a run will take, from the very requests that it would send.

    Raises:
        InputError: the model's price is not known.
    """
    counts = {operation: sum(t.operation == operation for t in todo) for operation in config.operations}
    if config.mode == "offline":
        return Estimate(counts, seconds=Pace(GUESS["offline"]).seconds_left(len(todo)))
    prices, writer = prices_of(config), ApiWriter(_Nobody(), config)
    with closing(AnswerCache(cache_path(config))) as cache:
        known, spent, pace = cache.answered(), cache.spent(), cache.pace()
    requests = [(task, request) for task in todo if (request := writer.request(task)).key not in known]
    guess = Pace(pace or GUESS["direct"]).seconds_left(len(requests)) if config.mode == "direct" else None
    return Estimate(
        counts,
        answered=len(todo) - len(requests),
        typical=sum(prices.typical(request.texts, TYPICAL_TOKENS_OUT[task.operation]) for task, request in requests),
        most=sum(prices.most(request.texts, request.parameters.max_tokens) for _, request in requests),
        seconds=guess,
        measured=pace is not None and guess is not None,
        prices=(prices.tokens_in, prices.tokens_out, published()["date"] if prices.model else ""),
        spent=spent.paid + spent.at_risk,
        cap=config.cap,
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


@contextmanager
def spending(config: AugmentConfig) -> Iterator[AnswerCache]:
    """The answers so far, held against everybody else who would spend from the same cap.

    Raises:
        JobError: another run or a trial is spending.
    """
    path = cache_path(config)
    try:
        held = lock(path.with_suffix(".lock"))
    except JobError as error:
        raise JobError("corpus.spending") from error
    with held, closing(AnswerCache(path, config.run_id)) as cache:
        yield cache


@asynccontextmanager
async def asking(
    config: AugmentConfig, cache: AnswerCache, halt: Halt, api_key: str | None = None
) -> AsyncIterator[DirectAsker]:
    """What asks the API call after call within the cap.

    Raises:
        InputError: the key or the model's price is missing.
    """
    async with _client(config, api_key) as client:
        yield DirectAsker(
            client,
            cache,
            _budget(cache, config),
            AdaptiveLimit(config.concurrency),
            prices_of(config),
            patience=PATIENCE * config.timeout if config.store_answers else None,
            longest=config.timeout,
            halt=halt,
        )


async def run_offline(
    todo: list[Task], config: AugmentConfig, watch: Reporter, api_key: str | None = None, *, feed: Feed | None = None
) -> Augmented:
    """From the project's own tables."""
    return await Run(todo, OfflineWriter(config.seed), watch, guess=GUESS["offline"], feed=feed).run()


async def run_direct(
    todo: list[Task], config: AugmentConfig, watch: Reporter, api_key: str | None = None, *, feed: Feed | None = None
) -> Augmented:
    """Call after call, as many at once as the server takes.

    Raises:
        JobError: another run is spending from the same cap.
    """
    halt = Halt(watch)
    with spending(config) as cache:
        async with asking(config, cache, halt, api_key) as asker:
            return await Run(
                todo,
                ApiWriter(asker, config),
                watch,
                halt=halt,
                workers=2 * config.concurrency,
                cache=cache,
                cap=config.cap,
                guess=cache.pace() or GUESS["direct"],
                feed=feed,
            ).run()


async def run_batch(
    todo: list[Task],
    config: AugmentConfig,
    watch: Reporter,
    api_key: str | None = None,
    pause: float = 30.0,
    *,
    feed: Feed | None = None,
) -> Augmented:
    """In batches: one for the first round, one for each round of repairs; open batches of an earlier run are collected first.

    Single requests that a batch did not answer are sent again with the repairs. A batch that failed, expired or was cancelled ends the
    run in the state "batch": whoever looks after it says whether the rest is sent again, by going on with the run.

    Raises:
        JobError: another run is spending from the same cap.
    """
    halt = Halt(watch)
    with spending(config) as cache:
        async with _client(config, api_key) as client, halt.watching():
            batches = Batches(client, cache, _budget(cache, config), prices_of(config), halt, pause)
            sent, ended = 0, list[Ended]()
            while True:
                asker = BatchAsker(cache)
                run = Run(todo, ApiWriter(asker, config), watch, halt=halt, cache=cache, cap=config.cap, feed=feed)
                got = await run.run(NotAnsweredYet)
                broken = [batch for batch in ended if not batch.whole]
                if not asker.missing or got.state != "done":
                    return got
                if broken or sent > 2 * ROUNDS:
                    return replace(got, state="batch", note="；".join(batch.note for batch in broken))
                try:
                    if not cache.open_batches():
                        await batches.send(asker.missing)
                        sent += 1
                    ended = await batches.collect(lambda done, total: watch.event(_waiting(done, total)))
                except Stopped:
                    return replace(got, state="stopped")
                except BudgetError as error:
                    return replace(got, state="budget", note=str(error))


def _waiting(done: int, total: int) -> Progress:
    return Progress(done=done, total=total, what=BATCH)
