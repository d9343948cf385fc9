"""Who may do what, and that no session can reach into another."""

from types import SimpleNamespace

import pytest

from chatbot.core.accounts import Accounts
from chatbot.core.errors import AccessError, InputError, ModelError
from chatbot.core.settings import Settings
from chatbot.models.catalog import ModelChoice
from chatbot.ui.shell.context import PageContext

CHOICES = [
    ModelChoice("hotel-mini", "", "shipped"),
    ModelChoice("adapter:mine", "", "adapter"),
    ModelChoice("openai:gpt", "", "endpoint"),
]


def person(name=None, page="p1"):
    return SimpleNamespace(username=name, session_hash=page, headers={})


@pytest.fixture
def settings(tmp_path, write_db):
    return Settings(workspace=tmp_path / "w", hotels=write_db, _env_file=None)


@pytest.fixture
def write_db(page_context):
    return page_context.settings.hotels


@pytest.fixture
def shared(settings, tmp_path):
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.add("ann", "long enough", "annotator")
    accounts.add("eng", "long enough", "engineer")
    return PageContext(
        settings, accounts=accounts, models=lambda settings: CHOICES, open_model=lambda model_id, current: model_id
    )


def test_one_persons_own_page_allows_everything(page_context):
    page_context.require(person(), "admin")
    assert page_context.role(person()) == "admin"


def test_a_role_allows_what_lower_roles_do_and_nothing_more(shared):
    shared.require(person("eng"), "annotator")
    with pytest.raises(AccessError, match="needs the role engineer"):
        shared.require(person("ann"), "engineer")
    with pytest.raises(AccessError):
        shared.require(person("stranger"), "annotator")


def test_what_costs_money_needs_an_engineer(shared):
    assert [m.id for m in shared.models(person("ann"))] == ["hotel-mini", "adapter:mine"]
    assert shared.model(person("eng"), "openai:gpt") == "openai:gpt"
    with pytest.raises(ModelError, match="not offered here"):
        shared.model(person("ann"), "openai:gpt")


def test_the_demo_talks_to_shipped_models_on_shipped_hotels_only(settings, write_db):
    demo = PageContext(
        settings, demo=True, models=lambda settings: CHOICES, open_model=lambda model_id, current: model_id
    )
    assert [m.id for m in demo.models(person())] == ["hotel-mini"]
    with pytest.raises(ModelError):
        demo.model(person(), "adapter:mine")
    with pytest.raises(AccessError):
        demo.use_store(person(), write_db)


def test_a_path_that_was_never_offered_is_no_model(shared):
    with pytest.raises(ModelError):
        shared.model(person("eng"), "/etc")


def test_an_uploaded_database_is_seen_by_its_page_alone(page_context, tmp_path):
    own = tmp_path / "own.json"
    own.write_text('[["甲酒店", {"名称": "甲酒店"}]]', encoding="utf-8")
    page_context.use_store(person(page="p1"), own)
    assert len(page_context.store(person(page="p1"))) == 1
    assert len(page_context.store(person(page="p2"))) == 4


def test_a_bad_upload_leaves_the_database_as_it_was(page_context, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("[[1]]")
    with pytest.raises(InputError):
        page_context.use_store(person(), bad)
    assert len(page_context.store(person())) == 4


def test_a_closed_page_stops_its_turn_and_is_forgotten(page_context):
    session = page_context.session(person())
    page_context.forget(person())
    assert session.stop.is_set()
    assert page_context.session(person()) is not session
