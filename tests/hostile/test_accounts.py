"""Accounts: changes at the same time lose nothing, a damaged file lets nobody in, and there is always an admin left."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from chatbot.core.accounts import Accounts, check_host
from chatbot.core.errors import AccessError, InputError

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WORD = "long enough"


class CountingHasher:
    """Counts how often a password is looked at."""

    def __init__(self):
        self.checked, self.hash = 0, QUICK.hash

    def verify(self, hashed, password):
        self.checked += 1
        return QUICK.verify(hashed, password)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accounts.json"


@pytest.fixture
def accounts(path):
    accounts = Accounts(path, QUICK)
    accounts.add("adam", WORD, "admin")
    accounts.add("anna", WORD, "annotator")
    return accounts


def at_once(*tasks):
    """Run tasks at the same time; what each returned or raised."""

    def run(task):
        try:
            return task()
        except (AccessError, InputError) as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_users_added_at_the_same_time_are_all_there(accounts, path):
    names = [f"user{number}" for number in range(12)]
    at_once(*[lambda name=name: Accounts(path, QUICK).add(name, WORD, "engineer") for name in names])
    assert set(accounts.roles()) == {"adam", "anna", *names}
    assert sorted(p.name for p in path.parent.iterdir()) == ["accounts.json", "accounts.json.lock"]


def test_adding_and_removing_at_the_same_time_undo_nothing_of_each_other(accounts, path):
    gone = [lambda: Accounts(path, QUICK).remove("anna")]
    come = [lambda n=n: Accounts(path, QUICK).add(f"new{n}", WORD, "annotator") for n in range(6)]
    at_once(*gone, *come)
    assert set(accounts.roles()) == {"adam", *(f"new{n}" for n in range(6))}


def test_a_reader_never_sees_half_a_file(accounts, path):
    changes = [lambda n=n: accounts.add(f"user{n}", WORD, "annotator") for n in range(8)]
    seen = at_once(*changes, *[lambda: [len(Accounts(path).roles()) for _ in range(50)] for _ in range(2)])
    assert not [one for one in seen if isinstance(one, Exception)]


def test_of_two_admins_that_are_removed_at_the_same_time_one_stays(accounts):
    accounts.add("abel", WORD, "admin")
    ended = at_once(lambda: accounts.remove("adam"), lambda: accounts.remove("abel"))
    assert [type(one) for one in ended].count(AccessError) == 1
    assert list(accounts.roles().values()).count("admin") == 1


@pytest.mark.parametrize(
    "change",
    [lambda a: a.remove("adam"), lambda a: a.add("adam", WORD, "engineer"), lambda a: a.add("adam", WORD, "annotator")],
)
def test_the_last_admin_is_neither_removed_nor_demoted(accounts, path, change):
    before = path.read_bytes()
    with pytest.raises(AccessError, match="last admin"):
        change(accounts)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        "0",
        '"adam"',
        '{"adam": 1}',
        '{"adam": {"role": "admin"}}',
        '{"adam": {"hash": "x", "role": "root"}}',
        '{"adam": {"hash": null, "role": "admin"}}',
        "\0\0\0\0",
        "[" * 200_000,
    ],
)
def test_a_damaged_file_lets_nobody_in_and_is_left_as_it_is(accounts, path, damage):
    path.write_text(damage)
    questions = [
        lambda: bool(accounts),
        lambda: accounts.verify("adam", WORD),
        lambda: accounts.role("adam"),
        lambda: accounts.stamp("adam"),
        lambda: accounts.add("evil", WORD, "admin"),
        lambda: accounts.remove("anna"),
        lambda: check_host("0.0.0.0", accounts),
    ]
    for question in questions:
        with pytest.raises(InputError, match="Restore the file"):
            question()
    assert path.read_text() == damage


def test_a_file_that_cannot_be_opened_lets_nobody_in(accounts, path):
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="Restore the file"):
        accounts.verify("adam", WORD)


@pytest.mark.parametrize("name", ["adam", "nobody", "", "x" * 10_000, "\udc80"])
@pytest.mark.parametrize("password", ["wrong", "", "x" * 1_000_000, "\0"])
def test_a_wrong_try_is_the_same_work_whether_or_not_there_is_an_account(accounts, path, name, password):
    hasher = CountingHasher()
    assert Accounts(path, hasher).verify(name, password) is False
    assert hasher.checked == 1


@pytest.mark.parametrize("name", ["", " a", "a ", "a:b", "a\nb", "a\u202eb", "a\u200bb", "\ud800", "x" * 101])
def test_a_name_that_misleads_is_refused(accounts, name):
    with pytest.raises(InputError):
        accounts.add(name, WORD, "annotator")
    assert set(accounts.roles()) == {"adam", "anna"}


def test_every_change_of_an_account_changes_what_sessions_remember_of_it(accounts):
    stamps = [accounts.stamp("anna")]
    for role in ("annotator", "engineer"):
        accounts.add("anna", WORD, role)
        stamps.append(accounts.stamp("anna"))
    accounts.remove("anna")
    assert accounts.stamp("anna") is None
    accounts.add("anna", WORD, "engineer")
    assert len({*stamps, accounts.stamp("anna")}) == 4


def test_the_file_holds_hashes_alone(accounts, path):
    assert all(set(entry) == {"hash", "role"} for entry in json.loads(path.read_text()).values())
    assert WORD not in path.read_text()
