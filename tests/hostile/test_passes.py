"""Sessions and tokens are random, kept as hashes, end by themselves, with their account or when revoked; guesses are slowed down, over a restart too."""

import json
import sqlite3
import stat

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.accounts import Accounts
from chatbot.core.errors import AccessError, InputError
from chatbot.core.settings import settings
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.passes import DAY, Passes
from chatbot.core.trust.throttle import FREE, LONGEST, WINDOW, Throttle
from tests.hostile.test_accounts import QUICK, WORD, CountingHasher, at_once


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(tmp_path):
    accounts = Accounts(tmp_path / "accounts.json", QUICK)
    accounts.add("adam", WORD, "admin")
    accounts.add("anna", WORD, "annotator")
    return accounts


@pytest.fixture
def database(tmp_path):
    return tmp_path / "access.sqlite"


@pytest.fixture
def passes(database, accounts, clock):
    return Passes(database, accounts, clock)


def kept(database):
    with sqlite3.connect(database) as connection:
        return [str(value) for row in connection.execute("SELECT * FROM passes") for value in row]


def test_the_secret_is_kept_nowhere_and_what_is_kept_lets_nobody_in(passes, database):
    secrets = {kind: passes.give("anna", kind, days=1) for kind in ("session", "token")}
    for value in kept(database):
        for kind, prefix in (("session", "hcs_"), ("token", "hct_")):
            assert passes.whose(value, kind) is None and passes.whose(prefix + value, kind) is None
    assert not any(secret in database.read_bytes().decode("latin-1") for secret in secrets.values())
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_a_session_is_no_token_and_a_token_no_session(passes):
    session, token = passes.give("anna", "session", days=1), passes.give("anna", "token", days=1)
    assert (passes.whose(session, "session"), passes.whose(token, "token")) == ("anna", "anna")
    for secret, kind in ((session, "token"), (token, "session"), (token.replace("hct_", "hcs_"), "session")):
        assert passes.whose(secret, kind) is None


@pytest.mark.parametrize("secret", ["", "hct_", "hct_' OR 1=1 --", "hct_%", "\0", "hct_\udcff", "x" * 1_000_000])
def test_what_was_never_given_out_lets_nobody_in(passes, secret):
    passes.give("anna", "token", days=1)
    assert passes.whose(secret, "token") is None


def test_each_is_another_one_and_long(passes):
    given = {passes.give("anna", "token", days=1) for _ in range(20)}
    assert len(given) == 20 and min(map(len, given)) > 40


def test_they_end_by_themselves(passes, clock):
    token = passes.give("anna", "token", days=2)
    clock.now += 2 * DAY - 1
    assert passes.whose(token, "token") == "anna"
    clock.now += 1
    assert passes.whose(token, "token") is None and passes.valid() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.remove("anna"),
        lambda a: a.add("anna", WORD, "engineer"),
        lambda a: a.add("anna", "another word", "annotator"),
        lambda a: (a.remove("anna"), a.add("anna", WORD, "annotator")),
    ],
)
def test_a_change_of_the_account_ends_them_at_once(passes, accounts, change):
    secrets = {kind: passes.give("anna", kind, days=1) for kind in ("session", "token")}
    change(accounts)
    assert [passes.whose(secret, kind) for kind, secret in secrets.items()] == [None, None]
    assert passes.valid() == []


def test_they_are_listed_and_revoked_one_by_one_and_all_together(passes):
    tokens = [passes.give(name, "token", days=1, label="ci") for name in ("anna", "anna", "adam")]
    first = next(one for one in passes.valid() if one.name == "adam")
    assert (first.kind, first.label) == ("token", "ci") and "hct_" not in repr(passes.valid())
    passes.revoke(first.id)
    assert passes.whose(tokens[2], "token") is None
    with pytest.raises(InputError, match="users sessions"):
        passes.revoke(first.id)
    assert passes.revoke_all("anna") == 2 and passes.valid() == []


@pytest.mark.parametrize("days", [0, -1, 10_000, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(passes, days):
    with pytest.raises(InputError, match="days"):
        passes.give("anna", "token", days=days)


def test_nobody_else_gets_one(passes):
    with pytest.raises(InputError, match="no such user"):
        passes.give("evil", "token", days=1)


def test_a_damaged_database_lets_nobody_in(passes, database):
    token = passes.give("anna", "token", days=1)
    database.write_bytes(b"garbage" * 1000)
    with pytest.raises(InputError, match="log in again"):
        passes.whose(token, "token")


def tries(throttle, name, address, count):
    """How long each of so many failed tries has to wait."""
    return [throttle.begin(name, address) for _ in range(count)]


@pytest.mark.parametrize("name", ["anna", "nobody there"])
def test_guessing_at_one_account_is_slowed_down_from_wherever_it_comes(database, clock, name):
    throttle = Throttle(database, clock)
    free = [throttle.begin(name, f"10.0.0.{n}") for n in range(FREE["account"])]
    assert free == [0.0] * FREE["account"]
    assert throttle.begin(name, "10.9.9.9") == 1.0


def test_guessing_at_many_accounts_from_one_place_is_slowed_down(database, clock):
    throttle = Throttle(database, clock)
    waits = [throttle.begin(f"user{n}", "2001:db8::" + format(n, "x")) for n in range(FREE["address"] + 1)]
    assert waits[:-1] == [0.0] * FREE["address"] and waits[-1] == 1.0
    assert throttle.begin("another", "2001:db8:0:1::1") == 0.0


def test_the_brake_holds_over_a_restart_and_lets_go_in_the_end(database, clock):
    tries(Throttle(database, clock), "anna", "10.0.0.1", FREE["account"])
    assert Throttle(database, clock).begin("anna", "10.0.0.1") > 0
    clock.now += WINDOW
    assert Throttle(database, clock).begin("anna", "10.0.0.1") == 0.0


def test_the_wait_doubles_and_nobody_waits_for_ever(database, clock):
    throttle, waits = Throttle(database, clock), []
    tries(throttle, "anna", "10.0.0.1", FREE["account"])
    for _ in range(9):
        wait = throttle.begin("anna", "10.0.0.1")
        waits.append(wait)
        clock.now += wait
        assert throttle.begin("anna", "10.0.0.1") == 0.0
    assert waits == [2.0**n for n in range(9)] and max(waits) <= LONGEST


def test_a_clock_that_was_set_back_locks_nobody_out(database, clock):
    throttle = Throttle(database, clock)
    tries(throttle, "anna", "10.0.0.1", FREE["account"] + 3)
    clock.now -= 100_000
    assert throttle.begin("anna", "10.0.0.1") == 0.0


def test_tries_at_the_same_time_are_all_counted(database, clock):
    waits = at_once(*[lambda: Throttle(database, clock).begin("anna", "10.0.0.1") for _ in range(16)])
    assert waits.count(0.0) == FREE["account"]


def test_a_right_password_begins_the_count_anew(database, accounts, clock):
    door = Doorkeeper(accounts, database, clock)
    for _ in range(3):
        for _ in range(FREE["account"] - 1):
            assert not door.check("anna", "wrong", "10.0.0.1") or pytest.fail("a wrong password was taken")
            clock.now += LONGEST
        assert door.check("anna", WORD, "10.0.0.1")


def test_a_throttled_try_says_the_same_of_any_name_and_looks_at_no_password(database, accounts, tmp_path, clock):
    hasher = CountingHasher()
    door = Doorkeeper(Accounts(tmp_path / "accounts.json", hasher), database, clock)
    told = {}
    for name in ("anna", "nobody there"):
        for _ in range(FREE["account"]):
            assert not door.check(name, "wrong", f"10.0.{len(told)}.1")
        before = hasher.checked
        with pytest.raises(AccessError) as refused:
            door.check(name, WORD, f"10.0.{len(told)}.1")
        assert hasher.checked == before
        told[name] = str(refused.value)
    assert told["anna"] == told["nobody there"]


def test_names_are_kept_as_hashes(database, clock):
    Throttle(database, clock).begin("my password by mistake", "10.0.0.1")
    assert b"mistake" not in database.read_bytes()


def test_a_programs_right_password_is_hashed_once_and_counts_as_no_try(database, accounts, tmp_path, clock):
    hasher = CountingHasher()
    door = Doorkeeper(Accounts(tmp_path / "accounts.json", hasher), database, clock)
    assert [door.program("anna", WORD, "10.0.0.1") for _ in range(3 * FREE["account"])] == [True] * 3 * FREE["account"]
    assert hasher.checked == 1
    accounts.add("anna", "another word", "annotator")
    assert not door.program("anna", WORD, "10.0.0.1")


def test_the_command_line_makes_lists_and_revokes_tokens(tmp_path, set_setting):
    set_setting("workspace", str(tmp_path))
    accounts = Accounts(settings().accounts, QUICK)
    accounts.add("adam", WORD, "admin")

    def users(*words):
        return CliRunner().invoke(app, ["users", *words], catch_exceptions=False).output.strip()

    token = users("token", "adam", "--days", "7", "--label", "nightly run")
    passes = Passes(settings().access, accounts)
    assert passes.whose(token, "token") == "adam"
    listed = json.loads(users("sessions", "--json"))
    assert [(one["name"], one["kind"], one["label"]) for one in listed] == [("adam", "token", "nightly run")]
    assert listed[0]["id"] in users("sessions") and token not in users("sessions")
    users("revoke", listed[0]["id"])
    assert passes.whose(token, "token") is None
    users("token", "adam")
    assert "1 ended" in users("revoke", "adam", "--all")
