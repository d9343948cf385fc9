"""“Bring a model” on the Fine-tune tab: started as a job, followed, told in both languages, and chosen as the base."""

import json
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Failed, JobWriter, Progress
from chatbot.core.jobs import Job, note_error
from chatbot.core.settings import Settings
from chatbot.models.bring.shelf import Brought
from chatbot.ui.finetune.bring import BringForm, BringHandlers, ShelfForm, shelf_table, standing_html
from chatbot.ui.finetune.preview import bases
from chatbot.ui.shell.context import PageContext
from tests.tiny_models import tiny_llama

PERSON = SimpleNamespace(headers={"accept-language": "zh"}, username=None)
RESULT = {
    "name": "mine",
    "title": "Mistral <b>",
    "template": "offered",
    "checks": [
        {"name": "loads", "passed": True, "detail": "1,000 parameters", "needed": True},
        {"name": "words_beside_call", "passed": False, "detail": "message 2: the words are lost", "needed": False},
    ],
}


@pytest.fixture
def handlers(tmp_path):
    return BringHandlers(PageContext(Settings(workspace=tmp_path / "workspace"), models=lambda current: []))


def job(folder, state, *events):
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"kind": "add-model", "argv": [], "created": 1.0}))
    (folder / "config.json").write_text(json.dumps({"kind": "add-model"}))
    (folder / "status.json").write_text(json.dumps({"state": state}))
    for event in events:
        JobWriter(folder).event(event)
    return Job(folder)


def test_a_model_that_was_brought_is_told_with_what_was_tried_and_what_limits_it(tmp_path):
    done = job(tmp_path / "a", "done", Progress(done=4, total=5, what="hash"), Done(result=RESULT))
    shown = standing_html(done, "zh")
    assert "mine 可以用了：Mistral &lt;b&gt;" in shown and "ChatML" in shown
    assert "✓" in shown and "△" in shown and "the words are lost" in shown
    assert "Words beside a call are kept" in standing_html(done, "en")


def test_a_model_that_was_not_brought_is_told_with_the_reason(tmp_path):
    error = InputError("models.bring_taken", value="mine")
    failed = job(tmp_path / "a", "failed", Failed.of(error))
    note_error(error, failed.folder)
    assert "没有带来：已经有叫这个名字的模型" in standing_html(failed, "zh")


def test_what_is_no_model_is_told_before_anything_starts(handlers):
    with pytest.raises(gr.Error, match="这里没有能带来的模型"):
        handlers.start(PERSON, BringForm("nowhere", None, None))
    assert not (handlers.settings.workspace / "jobs").exists()


def test_the_brought_models_stand_in_a_table_with_their_limits(tmp_path):
    model = Brought("mine", tmp_path, "Llama", "/x/y.gguf", "own", 135_000_000, 270 << 20, ("words_beside_call",))
    shown = shelf_table([model], "en")
    assert all(text in shown for text in ("mine", "Llama", "135M · 270 MiB", "y.gguf", "Words beside a call"))
    assert "还没有" in shelf_table([], "zh")


def test_a_model_is_brought_followed_chosen_verified_renamed_and_removed_from_the_page(handlers, tmp_path):
    given = tiny_llama(tmp_path / "given")
    name = handlers.start(PERSON, BringForm(str(given), "mine", "auto"))
    shown = list(handlers.follow(name, PERSON))
    assert "mine 可以用了：Llama" in shown[-1]
    folder = handlers.settings.workspace.resolve() / "models" / "mine"
    assert handlers.choose(name, PERSON)["value"] == str(folder)
    assert "mine" in [label for label, _ in bases(handlers.settings)]
    assert "文件都没有变" in handlers.verify(PERSON, ShelfForm("mine", None))
    (folder / "README.md").write_text("new")
    assert "README.md" in handlers.verify(PERSON, ShelfForm("mine", None))
    assert "other" in handlers.rename(PERSON, ShelfForm("mine", "other"))
    assert handlers.refresh(PERSON)[1]["choices"] == ["other"]
    handlers.remove(PERSON, ShelfForm("other", None))
    assert "还没有" in handlers.refresh(PERSON)[0]
