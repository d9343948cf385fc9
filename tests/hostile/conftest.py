"""One server a mode, as a person runs it: the own machine, a team's server behind accounts, the public demo."""

from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import httpx
import pytest

from chatbot.core.accounts import Accounts
from chatbot.core.settings import Settings
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.models.catalog import ModelChoice
from chatbot.models.rules import RulesModel
from chatbot.ui.shell.context import PageContext
from tests.conftest import quiet_loops, write_hotels
from tests.hostile.test_accounts import QUICK
from tests.servers import free_port

PASSWORDS = {"adam": "adam's password", "enid": "enid's password", "anna": "anna's password"}
ROLES = {"adam": "admin", "enid": "engineer", "anna": "annotator"}
SHARED_NAME = "bots.example.org"
PROXY_PATH = "/hotels"
"""Under which a proxy shows the team's server."""


@dataclass
class Server:
    """A running page.

    Attributes:
        people: what each person's browser sends along; "nobody" has not logged in.
    """

    mode: str
    address: str
    page: object
    context: PageContext
    doorkeeper: Doorkeeper | None
    people: dict[str, dict[str, str]]
    client: httpx.Client

    @property
    def host(self) -> str:
        """As its own browser names it."""
        return self.address.removeprefix("http://")

    def ask(self, method, path, who="nobody", **more) -> httpx.Response:
        """The first part of an answer; a stream is not read to its end."""
        headers = {**self.people.get(who, {}), **more.pop("headers", {})}
        with self.client.stream(method, self.address + path, headers=headers, **more) as answer:
            if "event-stream" not in answer.headers.get("content-type", ""):
                answer.read()
            return answer


def _server(mode, folder) -> Server:
    from chatbot.ui.shell.server import open_page

    settings = Settings(
        workspace=folder / "workspace",
        hotels=write_hotels(folder / "hotels.json"),
        allowed_hosts=SHARED_NAME if mode == "team" else (),
        _env_file=None,
    )
    accounts = Accounts(settings.accounts, QUICK) if mode == "team" else None
    for name, role in ROLES.items() if accounts is not None else ():
        accounts.add(name, PASSWORDS[name], role)
    choices = [ModelChoice("rules", "rules", "shipped")]
    context = PageContext(
        settings,
        demo=mode == "demo",
        accounts=accounts,
        models=lambda settings: choices,
        open_model=lambda model_id, current: RulesModel(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ROOT_PATH", PROXY_PATH if mode == "team" else "")
        page, address = open_page(context, host="127.0.0.1", port=free_port())
    doorkeeper = Doorkeeper(accounts, settings.access) if accounts is not None else None
    people = {
        name: {"Cookie": f"chatbot_session={doorkeeper.passes.give(name, 'session', days=1)}"}
        for name in (ROLES if doorkeeper else ())
    }
    client = httpx.Client(trust_env=False, timeout=60)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each request says itself who sends it
    return Server(mode, address.rstrip("/"), page, context, doorkeeper, {"nobody": {}, **people}, client)


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """The three of them, by mode."""
    found = {}
    for mode in ("own", "team", "demo"):
        with quiet_loops():
            found[mode] = _server(mode, tmp_path_factory.mktemp(mode))
    yield found
    with quiet_loops():
        for server in found.values():
            server.client.close()
            server.page.close(verbose=False)


@pytest.fixture(params=["own", "team", "demo"])
def server(request, servers):
    """Each mode in turn."""
    return servers[request.param]


@pytest.fixture
def team(servers):
    """The team's server."""
    return servers["team"]
