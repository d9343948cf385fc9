"""The files and batches of the local server, which tells of each a latency after it has it: each is answered at the second look, and the first one may fail, expire or lose lines on purpose."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

OUTCOMES = ("completed", "failed", "expired", "partial", "torn")
"""failed: no request was run. expired: half were. partial: half failed. torn: half of the answers were run and billed but lost."""
LINE_FAULTS = ("malformed", "refusal", "long", "500")


class BatchRoom:
    """Uploads and batches; half the price of direct calls."""

    def __init__(self, server):
        self.server, self.outcome, self.files, self.batches = server, "completed", {}, {}

    def routes(self, v1):
        return [
            Route(f"{v1}/files", self.upload, methods=["POST"]),
            Route(f"{v1}/files/{{id}}/content", self.content),
            Route(f"{v1}/batches", self.create, methods=["POST"]),
            Route(f"{v1}/batches", self.all, methods=["GET"]),
            Route(f"{v1}/batches/{{id}}", self.one),
        ]

    async def upload(self, request: Request) -> Response:
        name = f"file-{len(self.files)}"
        async with request.form() as form:
            self.files[name] = (await form["file"].read()).decode()
        await asyncio.sleep(self.server.latency)
        made = {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "x", "purpose": "batch"}
        return JSONResponse(made | {"status": "processed"})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        number = f"batch-{len(self.batches)}"
        made = {"id": number, "object": "batch", "completion_window": "24h", "created_at": 1, "status": "in_progress"}
        counts = {"total": len(self.files[body["input_file_id"]].splitlines()), "completed": 0, "failed": 0}
        given = {name: body[name] for name in ("endpoint", "input_file_id", "metadata")}
        self.batches[number] = made | given | {"looks": 0, "request_counts": counts}
        await asyncio.sleep(self.server.latency)
        return JSONResponse(self.batches[number])

    async def one(self, request: Request) -> Response:
        batch = self.batches.get(request.path_params["id"])
        if batch is None:
            return JSONResponse({"error": {"message": "No such batch"}}, 404)
        batch["looks"] += 1
        if batch["looks"] == 2:
            self._end(batch, self.outcome if batch["id"] == "batch-0" else "completed")
            await asyncio.sleep(self.server.latency)
        return JSONResponse(batch)

    async def all(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(self.batches.values()), "has_more": False})

    async def content(self, request: Request) -> Response:
        return PlainTextResponse(self.files[request.path_params["id"]])

    def _end(self, batch, outcome):
        rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        half = {"completed": len(rows), "failed": 0, "torn": len(rows)}.get(outcome, len(rows) // 2)
        good = [self._answered(row) for row in rows[:half]]
        code = "batch_expired" if outcome == "expired" else "server_error"
        bad = [self._failed(row, code) for row in rows[half:]] if outcome in ("expired", "partial") else []
        status = {"failed": "failed", "expired": "expired"}.get(outcome, "completed")
        counts = {"total": len(rows), "completed": len(good), "failed": len(bad)}
        batch |= {"status": status, "request_counts": counts}
        if outcome == "failed":
            batch["errors"] = {
                "object": "list",
                "data": [{"code": "invalid", "message": "Enqueued token limit reached"}],
            }
        if good:
            text = "\n".join(good)
            self._file(batch, "output_file_id", text[: len(text) // 2] if outcome == "torn" else text)
        if bad:
            self._file(batch, "error_file_id", "\n".join(bad))

    def _file(self, batch, kind, text):
        batch[kind] = f"{kind}-{batch['id']}"
        self.files[batch[kind]] = text

    def _answered(self, row):
        fault = self.server.fault(LINE_FAULTS)
        if fault == "500":
            return self._failed(row, "server_error")
        body = self.server.answer(row["body"], fault, share=0.5)
        return json.dumps(
            {"id": "r", "custom_id": row["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}
        )

    def _failed(self, row, code):
        wrong = {"id": "r", "custom_id": row["custom_id"], "response": None, "error": {"code": code, "message": "no"}}
        return json.dumps(wrong)
