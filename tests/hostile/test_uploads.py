"""Uploads stream to disk within bounds of size, quota and room, and are refused in words."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import PlainTextResponse

from chatbot.ui.operation.health import RESERVE
from chatbot.ui.operation.uploads import DAY, Quota, Uploads


class Received:
    """An app that takes a body to its end, as Gradio's upload does, or fails as a full disk does."""

    def __init__(self, error: OSError | None = None):
        self.size, self.error = 0, error

    async def __call__(self, scope, receive, send):
        while True:
            message = await receive()
            self.size += len(message.get("body", b""))
            if self.error:
                raise self.error
            if not message.get("more_body"):
                break
        await PlainTextResponse("kept")(scope, receive, send)


def upload(gate, pieces, *, path="/gradio_api/upload", language="en", **scope):
    """The status and the words of an upload that comes in pieces, and how many of them were taken."""
    waiting, sent = list(pieces), []

    async def receive():
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    headers = [(b"accept-language", language.encode()), *scope.pop("headers", [])]
    place = {"type": "http", "method": "POST", "path": path, "headers": headers, "client": ("9.9.9.9", 1), **scope}
    with ThreadPoolExecutor(1) as other:  # browser tests leave their loop running in this thread
        other.submit(asyncio.run, gate(place, receive, send)).result()
    return sent[0]["status"], sent[1]["body"].decode(), len(pieces) - len(waiting)


def gate(app=None, **how):
    return Uploads(app or Received(), **{"most": 1000, "quota": Quota(3000), "free": lambda: RESERVE + 10_000} | how)


def test_a_file_streams_through():
    app = Received()
    assert upload(gate(app), [b"x" * 100] * 9)[:2] == (200, "kept") and app.size == 900


def test_a_large_file_is_refused_by_its_own_account_or_at_the_byte_that_is_too_many():
    assert upload(gate(), [b"x"], headers=[(b"content-length", b"5000")])[::2] == (413, 0)
    status, said, taken = upload(gate(), [b"x" * 300] * 50, language="zh-CN")
    assert (status, taken) == (413, 4) and "上传的文件超过" in said


def test_a_day_holds_so_much_of_one_person_and_the_next_one_again():
    now = [0.0]
    door = gate(quota=Quota(2000, clock=lambda: now[0]))
    assert [upload(door, [b"x" * 900])[0] for _ in range(3)] == [200, 200, 429]
    assert upload(door, [b"x" * 900], client=("8.8.8.8", 1))[0] == 200
    assert upload(door, [b"x" * 900], **{"chatbot.user": "ada"})[0] == 200
    now[0] = DAY + 1
    assert upload(door, [b"x" * 900])[0] == 200


def test_a_full_disk_is_told_before_and_while_a_file_comes():
    assert upload(gate(free=lambda: RESERVE + 10), [b"x" * 100])[0] == 507
    status, said, _ = upload(gate(Received(OSError(28, "No space left on device"))), [b"x"])
    assert status == 507 and "the disk is full" in said


def test_the_public_demo_takes_no_file_and_everything_else_passes():
    assert upload(gate(closed=True), [b"x"])[0] == 403
    assert upload(gate(closed=True), [b"x"], path="/gradio_api/run/x")[0] == 200


def test_two_at_once_share_the_quota():
    quota = Quota(1_000_000)
    threads = [threading.Thread(target=lambda: [quota.spend("a", 1) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quota.left("a") == 1_000_000 - 4000
