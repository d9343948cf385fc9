"""The page's step that sends a model to a hub: only what was listed is sent, and how it ended is told."""

import json
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.jobs import start
from chatbot.core.settings import Settings
from chatbot.ui.finetune.publish import PublishForm, PublishHandlers
from chatbot.ui.shell.context import PageContext
from tests.fake_hub import TOKEN, Hub, app_of
from tests.servers import served

WHO = SimpleNamespace(headers={"accept-language": "en"}, username=None, session_hash="s")


@pytest.fixture
def run(tmp_path):
    """A finished run with an adapter."""
    job = start("finetune", {"base": "b", "data": "d"}, ["true"], tmp_path / "jobs", name="0101-lora")
    assert job.wait() == "done"
    (job.folder / "adapter").mkdir()
    for name, text in {"adapter_config.json": json.dumps({"base_model_name_or_path": "b"}), "README.md": "---\nlicense: mit\n---\n# x"}.items():  # fmt: skip
        (job.folder / "adapter" / name).write_text(text)
    return job


@pytest.fixture
def hub(monkeypatch, tmp_path):
    found = Hub()
    with served(app_of(found)) as address:
        for name, value in {"HF_ENDPOINT": address, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "hf")}.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def handlers(tmp_path):
    return PublishHandlers(PageContext(Settings(workspace=tmp_path, _env_file=None)))


def test_a_listed_adapter_arrives_and_the_page_says_where(run, hub, handlers):
    asked = PublishForm(run.id, "adapter", "team/hotel")
    told, seen, _ = handlers.look(WHO, asked)
    assert "2 files would go to team/hotel" in told and "licence: mit" in told and not hub.repositories
    name, _ = handlers.send(WHO, PublishForm(run.id, "adapter", "team/hotel", seen=seen))
    *_, ended = handlers.follow(name, WHO)
    assert "/team/hotel" in ended and set(hub.repositories["team/hotel"].files) == {"adapter_config.json", "README.md"}


def test_what_changed_after_the_look_is_not_sent(run, hub, handlers):
    _, seen, _ = handlers.look(WHO, PublishForm(run.id, "adapter", "team/hotel"))
    (run.folder / "adapter" / "README.md").write_text("another")
    name, _ = handlers.send(WHO, PublishForm(run.id, "adapter", "team/hotel", seen=seen))
    *_, ended = handlers.follow(name, WHO)
    assert "Not sent" in ended and "changed" in ended and not hub.repositories


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (PublishForm(None, "adapter", "team/hotel"), "run"),
        (PublishForm("0101-lora", "merged", "team/hotel"), "neither a model nor an adapter"),
        (PublishForm("0101-lora", "adapter", "hotel"), "owner/name"),
        (PublishForm("0101-lora", "adapter", None), "owner/name"),
    ],
)
def test_what_cannot_be_listed_is_told(run, handlers, asked, told):
    with pytest.raises(gr.Error, match=told):
        handlers.look(WHO, asked)


def test_nothing_is_sent_that_was_not_listed(run, hub, handlers):
    with pytest.raises(gr.Error, match="Look at the list"):
        handlers.send(WHO, PublishForm(run.id, "adapter", "team/hotel"))
    assert not hub.repositories
