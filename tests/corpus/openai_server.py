"""A local server that speaks OpenAI's chat, file and batch API, limits the rate and fails on purpose: `python -m tests.corpus.openai_server FILE …`."""

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
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from chatbot.corpus.augmentation.offline import _WRITERS

FAULTS = ("429", "429-after", "500", "hang", "cut", "malformed", "refusal", "long")
SCHEMAS = {"Spoken": "spoken", "FollowUp": "followup", "NamedOpening": "by_name", "Opening": "by_cap"}


@dataclass
class Server:
    """What the server was told to do, and what it counted. Every answer that it makes is billed, whether or not the client still listens."""

    faults: float
    rate: float
    latency: float
    seed: int
    paid: Counter = field(default_factory=Counter)
    money: float = 0.0
    served: Counter = field(default_factory=Counter)
    admitted: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    batches: dict = field(default_factory=dict)
    tokens: float = 0.0
    filled: float = 0.0

    def __post_init__(self):
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

    def answer(self, body, fault=None):
        """A chat completion, billed."""
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
        self.money += (len(text) * 0.15 + out * 0.6) / 1e6
        message = {"role": "assistant", "content": content, "refusal": refusal}
        usage = {"prompt_tokens": len(text), "completion_tokens": out, "total_tokens": len(text) + out}
        made = {
            "id": f"c{sum(self.paid.values())}",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
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
        if not self.take():
            self.served["limited"] += 1
            return error(429)
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.faults else None
        self.served[fault or "good"] += 1
        if fault in ("429", "429-after", "500"):
            return error(int(fault[:3]), {"retry-after": "0.5"} if "after" in fault else {})
        if fault == "hang":
            await asyncio.sleep(60)
            return error(500)
        await asyncio.sleep(self.latency * self.rng.uniform(0.5, 1.5))
        made = json.dumps(self.answer(body, fault))
        if fault == "cut":
            return StreamingResponse(
                broken(made), media_type="application/json", headers={"content-length": str(len(made))}
            )
        return Response(made, media_type="application/json")

    async def list(self, request: Request) -> Response:
        kept = self.kept.get(request.query_params.get("metadata[key]"))
        return JSONResponse({"object": "list", "data": [kept] if kept else [], "has_more": False})

    async def upload(self, request: Request) -> Response:
        form = await request.form()
        name = f"file-{len(self.files)}"
        self.files[name] = (await form["file"].read()).decode()
        return JSONResponse(
            {
                "id": name,
                "object": "file",
                "bytes": 1,
                "created_at": 1,
                "filename": "x",
                "purpose": "batch",
                "status": "processed",
            }
        )

    async def create(self, request: Request) -> Response:
        body = await request.json()
        number = f"batch-{len(self.batches)}"
        self.batches[number] = {"id": number, "object": "batch", "endpoint": body["endpoint"], "completion_window": "24h", "created_at": 1} | {
            "input_file_id": body["input_file_id"], "status": "in_progress", "metadata": body["metadata"], "looks": 0,
        }  # fmt: skip
        return JSONResponse(self.batches[number])

    async def batch(self, request: Request) -> Response:
        batch = self.batches[request.path_params["id"]]
        batch["looks"] += 1
        if batch["looks"] == 2:
            rows = []
            for line in self.files[batch["input_file_id"]].splitlines():
                row = json.loads(line)
                fault = (
                    self.rng.choice(("malformed", "refusal", "long", "500"))
                    if self.rng.random() < self.faults
                    else None
                )
                response = (
                    {"status_code": 500, "body": {}}
                    if fault == "500"
                    else {"status_code": 200, "body": self.answer(row["body"], fault)}
                )
                rows.append(json.dumps({"id": "r", "custom_id": row["custom_id"], "response": response, "error": None}))
            self.files["out-" + batch["id"]] = "\n".join(rows)
            batch |= {"status": "completed", "output_file_id": "out-" + batch["id"]}
        return JSONResponse(batch)

    async def all_batches(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(self.batches.values()), "has_more": False})

    async def file(self, request: Request) -> Response:
        return PlainTextResponse(self.files[request.path_params["id"]])

    async def stats(self, request: Request) -> Response:
        figures = {
            "paid": sum(self.paid.values()),
            "twice": sum(n > 1 for n in self.paid.values()),
            "money": self.money,
            "batches": len(self.batches),
        }
        return JSONResponse(figures | {"served": self.served, "admitted": self.admitted})

    def app(self) -> Starlette:
        v1 = "/v1"
        return Starlette(
            routes=[
                Route(f"{v1}/chat/completions", self.chat, methods=["POST"]),
                Route(f"{v1}/chat/completions", self.list, methods=["GET"]),
                Route(f"{v1}/files", self.upload, methods=["POST"]),
                Route(f"{v1}/files/{{id}}/content", self.file),
                Route(f"{v1}/batches", self.create, methods=["POST"]),
                Route(f"{v1}/batches", self.all_batches, methods=["GET"]),
                Route(f"{v1}/batches/{{id}}", self.batch),
                Route("/stats", self.stats),
            ]
        )


def error(status, headers=None) -> Response:
    return JSONResponse({"error": {"message": "no", "type": "x", "code": None}}, status, headers)


async def broken(text):
    yield text[: len(text) // 2].encode()
    raise ConnectionError("cut")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    for name, default in (("faults", 0.0), ("rate", 1e6), ("latency", 0.05)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    server = Server(given.faults, given.rate, given.latency, given.seed)
    uvicorn.run(server.app(), port=given.port, log_level="critical")


if __name__ == "__main__":
    main()
