"""Accounts: what is kept of a password, who gets in, and when the page refuses to open."""

import stat

import pytest

from chatbot.core.accounts import Accounts, check_host
from chatbot.core.errors import AccessError, InputError


@pytest.fixture
def accounts(tmp_path):
    accounts = Accounts(tmp_path / "workspace" / "accounts.json")
    accounts.add("小林", "correct horse", "annotator")
    return accounts


def test_the_right_password_opens_and_a_wrong_one_does_not(accounts):
    assert accounts.verify("小林", "correct horse")
    assert not accounts.verify("小林", "wrong horse")
    assert not accounts.verify("nobody", "correct horse")


def test_only_an_argon2_hash_is_kept_where_only_the_owner_can_read(accounts):
    text = accounts.path.read_text()
    assert "correct horse" not in text
    assert "$argon2id$" in text
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600


def test_adding_a_user_again_changes_password_and_role(accounts):
    accounts.add("小林", "battery staple", "engineer")
    assert accounts.roles() == {"小林": "engineer"}
    assert not accounts.verify("小林", "correct horse")


def test_a_removed_user_is_a_visitor_and_cannot_log_in(accounts):
    accounts.remove("小林")
    assert accounts.role("小林") == "visitor"
    assert not accounts.verify("小林", "correct horse")
    with pytest.raises(InputError, match="no such user"):
        accounts.remove("小林")


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [
        ("", "long enough", "admin"),
        (" x", "long enough", "admin"),
        ("x", "short", "admin"),
        ("x", "long enough", "visitor"),
    ],
)
def test_useless_names_passwords_and_roles_are_refused(accounts, name, password, role):
    with pytest.raises(InputError):
        accounts.add(name, password, role)
    assert accounts.roles() == {"小林": "annotator"}


def test_a_broken_accounts_file_lets_nobody_in_and_says_what_to_do(accounts):
    accounts.path.write_text("{")
    with pytest.raises(InputError, match="Restore the file"):
        accounts.verify("小林", "correct horse")


def test_another_host_needs_accounts_and_the_refusal_says_how(accounts, tmp_path):
    with pytest.raises(AccessError, match="users add NAME --role admin"):
        check_host("0.0.0.0", Accounts(tmp_path / "none.json"))
    check_host("0.0.0.0", accounts)
    check_host("127.0.0.1", Accounts(tmp_path / "none.json"))
