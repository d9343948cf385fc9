"""A local server that speaks OpenAI's chat, file and batch API, takes only what OpenAI takes, limits the rate and fails on purpose.

Run it with: python -m tests.corpus.openai_server PORT --faults 0.3
"""

import argparse
import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from chatbot.corpus.augmentation.offline import _WRITERS
from tests.corpus.openai_batches import OUTCOMES, BatchRoom

FAULTS = ("429", "429-after", "500", "hang", "cut", "malformed", "refusal", "long")
TAKEN = {"model", "messages", "response_format", "temperature", "max_tokens", "seed", "store", "metadata", "stream"}
PRICES = {"gpt-4o-mini": (0.15, 0.6), "gpt-4o": (2.5, 10.0)}
TRICKLE = 40
"""Pieces that a slow answer comes in, a quarter of a second apart."""
SCHEMAS = {"Spoken": "spoken", "FollowUp": "followup", "NamedOpening": "by_name", "Opening": "by_cap"}


@dataclass
class Server:
    """What the server was told to do, and what it counted. Every answer that it makes is billed, whether or not the client still listens."""

    faults: float
    rate: float
    latency: float
    seed: int
    only: str = ""
    paid: Counter = field(default_factory=Counter)
    money: float = 0.0
    served: Counter = field(default_factory=Counter)
    admitted: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    tokens: float = 0.0
    filled: float = 0.0

    def __post_init__(self):
        self.batch_room = BatchRoom(self)
        self.rng, self.tokens, self.filled = random.Random(self.seed), self.rate / 5, time.monotonic()

    def take(self):
        """Whether the rate limit (a bucket that holds one second of it) lets a call through."""
        now = time.monotonic()
        self.tokens, self.filled = min(max(1.0, self.rate), self.tokens + (now - self.filled) * self.rate), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        self.admitted.append(now)
        return True

    def fault(self, kinds):
        """One of the faults, or none, as often as the server was told to fail."""
        return (
            self.rng.choice(self.only.split(",") if self.only else kinds) if self.rng.random() < self.faults else None
        )

    def answer(self, body, fault=None, share=1.0):
        """A chat completion, billed at a share of the full price."""
        text = json.dumps(body["messages"], ensure_ascii=False)
        key = hashlib.sha256(text.encode()).hexdigest()
        content, refusal, finish = self.content(body), None, "stop"
        if fault == "malformed":
            content = content[: len(content) // 2]
        if fault == "refusal":
            content, refusal = None, "I cannot help with that."
        if fault == "long":
            content, finish = content[:20] + "很" * body["max_tokens"], "length"
        out = body["max_tokens"] if fault == "long" else len(content or refusal)
        self.paid[key] += 1
        model = "gpt-4o" if fault == "other-model" else body["model"]
        first, second = PRICES[model]
        self.money += share * (len(text) * first + out * second) / 1e6
        message = {"role": "assistant", "content": content, "refusal": refusal}
        usage = {"prompt_tokens": len(text), "completion_tokens": out, "total_tokens": len(text) + out}
        made = {
            "id": f"c{sum(self.paid.values())}",
            "object": "chat.completion",
            "created": 1,
            "model": f"{model}-2024-07-18",
            "usage": usage,
        }
        made["choices"] = [{"index": 0, "finish_reason": finish, "message": message}]
        if body.get("store"):
            self.kept[body["metadata"]["key"]] = made | {"metadata": body["metadata"]}
        return made

    def content(self, body):
        """What the tables say; the rounds after a repair are answered well."""
        operation = SCHEMAS[body["response_format"]["json_schema"]["name"]]
        user = next(m["content"] for m in body["messages"] if m["role"] == "user")
        return _WRITERS[operation](json.loads(user), random.Random(user)).model_dump_json()

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.served["calls"] += 1
        if (wrong := wrong_with(request.headers, body)) is not None:
            self.served["wrong"] += 1
            return wrong
        if not self.take():
            self.served["limited"] += 1
            return error(429)
        fault = self.fault(FAULTS)
        self.served[fault or "good"] += 1
        if fault in ("429", "429-after", "500"):
            return error(int(fault[:3]), {"retry-after": "0.5"} if "after" in fault else {})
        if fault == "hang":
            await asyncio.sleep(60)
            return error(500)
        await asyncio.sleep(self.latency * self.rng.uniform(0.5, 1.5))
        made = json.dumps(self.answer(body, fault))
        if fault == "slow":
            return StreamingResponse(trickling(made), media_type="application/json")
        if fault == "cut":
            return StreamingResponse(
                broken(made), media_type="application/json", headers={"content-length": str(len(made))}
            )
        return Response(made, media_type="application/json")

    async def list(self, request: Request) -> Response:
        kept = self.kept.get(request.query_params.get("metadata[key]"))
        return JSONResponse({"object": "list", "data": [kept] if kept else [], "has_more": False})

    async def stats(self, request: Request) -> Response:
        figures = {
            "paid": sum(self.paid.values()),
            "twice": sum(n > 1 for n in self.paid.values()),
            "money": self.money,
            "batches": len(self.batch_room.batches),
            "files": len(self.batch_room.files),
        }
        return JSONResponse(figures | {"served": self.served, "admitted": self.admitted})

    def app(self) -> Starlette:
        v1 = "/v1"
        return Starlette(
            routes=[
                Route(f"{v1}/chat/completions", self.chat, methods=["POST"]),
                Route(f"{v1}/chat/completions", self.list, methods=["GET"]),
                *self.batch_room.routes(v1),
                Route("/stats", self.stats),
            ]
        )


def error(status, headers=None, message="no") -> Response:
    return JSONResponse({"error": {"message": message, "type": "x", "code": None}}, status, headers)


def wrong_with(headers, body):
    """The refusal of a request that OpenAI would not take; None for a good one."""
    schema = body.get("response_format", {}).get("json_schema", {})
    if not headers.get("authorization", "").startswith("Bearer sk-"):
        return error(401, message="Incorrect API key provided")
    if body.get("model") not in PRICES:
        return error(404, message=f"The model {body.get('model')!r} does not exist")
    if (more := set(body) - TAKEN) or body.get("stream"):
        return error(400, message=f"Unrecognized request argument supplied: {sorted(more) or 'stream'}")
    if not schema.get("strict") or not all(map(is_strict, parts_of(schema.get("schema", {})))):
        return error(400, message="Invalid schema for response_format")
    if any(len(key) > 64 or len(value) > 512 for key, value in (body.get("metadata") or {}).items()):
        return error(400, message="Invalid metadata")
    return None


def parts_of(schema):
    return [schema, *schema.get("$defs", {}).values()]


def is_strict(part):
    """Whether an object of a schema forbids other properties and requires its own, as structured output asks."""
    closed = part.get("additionalProperties") is False
    return part.get("type") != "object" or (closed and set(part["required"]) == set(part["properties"]))


async def trickling(text):
    step = len(text) // TRICKLE + 1
    for at in range(0, len(text), step):
        await asyncio.sleep(0.25)
        yield text[at : at + step].encode()


async def broken(text):
    yield text[: len(text) // 2].encode()
    raise ConnectionError("cut")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    for name, default in (("faults", 0.0), ("rate", 1e6), ("latency", 0.05)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="faults to choose from, between commas")
    parser.add_argument("--batch", default="completed", help=f"how the first batch ends: {', '.join(OUTCOMES)}")
    given = parser.parse_args()
    server = Server(given.faults, given.rate, given.latency, given.seed, given.only)
    server.batch_room.outcome = given.batch
    uvicorn.run(server.app(), port=given.port, log_level="critical")


if __name__ == "__main__":
    main()
