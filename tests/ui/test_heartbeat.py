"""Gradio's question at its start is answered at once; everything else reaches the page."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatbot.ui.operation.heartbeat import Heartbeat


def asked(method, path, kind="http"):
    """What a request is answered with, and whether the page saw it."""
    sent, seen = [], []

    async def page(scope, receive, send):
        seen.append(scope["path"])

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asked_page = Heartbeat(page)({"type": kind, "method": method, "path": path}, receive, send)
    with ThreadPoolExecutor(1) as other:  # browser tests leave their loop running in this thread
        other.submit(asyncio.run, asked_page).result()
    return [message["status"] for message in sent if "status" in message], seen


def test_whether_the_page_is_there_is_answered_without_drawing_it():
    assert asked("HEAD", "/") == ([200], [])


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/"), ("HEAD", "/config")])
def test_every_other_request_reaches_the_page(method, path):
    assert asked(method, path) == ([], [path])
