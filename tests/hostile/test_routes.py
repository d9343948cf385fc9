"""Every route of the running server stands in the gate's table, and lets in whom the table says, in each mode; so does each event that has a role."""

import json
import re
from collections import defaultdict

import gradio as gr
import pytest
from fastapi.routing import iter_route_contexts

from chatbot.core.accounts import ROLES
from chatbot.ui.shell.gate.login import LOGIN_POLICY
from chatbot.ui.shell.gate.refusals import MARK
from chatbot.ui.shell.gate.routes import ROUTES, route_of
from tests.hostile.conftest import ROLES as ACCOUNTS
from tests.ui.test_context import person

PEOPLE = {"own": {"nobody": "admin"}, "demo": {"nobody": "visitor"}, "team": {"nobody": None, **ACCOUNTS}}
"""Who asks in each mode, and the role that they have there."""


def routes_of(app, before=""):
    """(method, path) of all routes of an app and of those within it, each without the slash that some have at their end."""
    for route in iter_route_contexts(app.routes):
        path = before + (route.path or "")
        inner = getattr(route.original_route, "app", None)
        if getattr(inner, "routes", None):
            yield from routes_of(inner, path)
        else:
            yield from ((method, path.rstrip("/") or "/") for method in route.methods or ("GET", "POST"))


def asked(path):
    """An address of a route: every step of its own is `x`."""
    return re.sub(r"\{[^}]*\}", "x", path)


def test_the_table_names_every_route_that_the_frameworks_have(server):
    found = set(routes_of(server.page.app))
    assert len(found) > 60
    assert [one for one in sorted(found) if one[0] != "OPTIONS" and route_of(one[0], asked(one[1])) is None] == []


def test_every_line_of_the_table_is_a_route_that_there_is(servers):
    there = {one for server in servers.values() for one in routes_of(server.page.app)} | {("POST", "/logout")}
    used = {route_of(method, asked(path)) for method, path in there} | {route_of("GET", "/login")}
    optional = {route for route in ROUTES if "profiling" in route.path}  # only where Gradio's profiling is on
    assert [route.path for route in ROUTES if route not in used | optional] == []


def test_each_route_lets_in_whom_the_table_says(server):
    wrong, count = [], 0
    for method, path in sorted(set(routes_of(server.page.app))):
        route = route_of(method, asked(path))
        if method in ("HEAD", "OPTIONS") or route is None or route.path in ("/login", "/logout"):
            continue
        for who, role in PEOPLE[server.mode].items():
            answer, count = server.ask(method, asked(path), who), count + 1
            passed = MARK not in answer.headers and answer.headers.get("content-security-policy") != LOGIN_POLICY
            is_for_all = route.access == "nobody"
            expected = is_for_all or (route.access in ROLES and role is not None and _reaches(role, route.access))
            if passed != expected:
                wrong.append((who, method, path, route.access, answer.status_code))
    assert wrong == [] and count > 50


def _reaches(role, needed):
    return ROLES.index(role) >= ROLES.index(needed)


@pytest.mark.parametrize("path", ["/secrets", "/gradio_api/new", "/gradio_api", "//config", "/x/%2e%2e/config", "/%00"])
def test_what_the_table_does_not_name_is_closed(server, path):
    assert server.ask("GET", path, "adam").headers[MARK] == "ui.closed"


def test_each_event_with_a_role_refuses_whoever_is_below_it(team):
    events = [one for one in team.page.fns.values() if getattr(one.fn, "role", None)]
    below = {"annotator": ["stranger"], "engineer": ["stranger", "anna"], "admin": ["stranger", "anna", "enid"]}
    for event in events:
        for who in below[event.fn.role]:
            given = (defaultdict(lambda: None), person(who)) if event.inputs_as_dict else (person(who),)
            with pytest.raises(gr.Error, match=f"“{event.fn.role}”"):
                event.fn(*given)
    assert len(events) > 30


def test_an_event_knows_who_sends_it(team):
    number = next(n for n, one in team.page.fns.items() if one.fn and one.fn.__qualname__ == "AugmentHandlers.pause")
    for who, may in (("anna", False), ("enid", True)):
        body = {"fn_index": number, "data": [], "session_hash": f"page-of-{who}"}
        assert team.ask("POST", "/gradio_api/queue/join", who, json=body).status_code == 200
        answer = team.client.get(
            f"{team.address}/gradio_api/queue/data?session_hash=page-of-{who}", headers=team.people[who]
        )
        ended = [json.loads(line[5:]) for line in answer.text.splitlines() if "process_completed" in line]
        assert [one["success"] for one in ended] == [may]
