"""Names and paths that somebody else chose lead nowhere but into the workspace."""

import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest

from chatbot.core.errors import InputError, ModelError
from chatbot.core.messages import Conversation, reply, user
from chatbot.core.settings import DATA, Settings
from chatbot.core.storage.names import LONGEST, inside, open_folders, safe_stem
from chatbot.corpus.augmentation.prompts import prompt, save_prompt
from chatbot.models.registry import family_name
from chatbot.ui.data.augment_form import AugmentForm
from chatbot.ui.data.augment_step import AugmentHandlers
from chatbot.ui.evaluate.form import StudyForm
from chatbot.ui.evaluate.handlers import EvaluateHandlers
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.finetune.handlers import ExampleChoice, FinetuneHandlers
from chatbot.ui.finetune.launch import StartForm

PERSON = SimpleNamespace(username=None, session_hash="page", headers={})
LINE = Conversation(id="c", source="c", messages=[user("你好"), reply("您好")]).to_json() + "\n"
STEMS = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\system32\\x.jsonl": "x",
    "/abs/olute.jsonl": "olute",
    "C:\\x.json": "x",
    "CON.jsonl": "_CON",
    "nul": "_nul",
    "com1.tar.gz": "_com1",
    "LPT9": "_LPT9",
    "COM¹.txt": "_COM¹",
    "CONIN$": "_CONIN$",
    "": "file",
    ".jsonl": "jsonl",
    "..": "file",
    "...": "file",
    "./": "file",
    "   ": "file",
    "a\x00b.jsonl": "ab",
    "a\nb": "ab",
    "evil\u202elnosj.exe": "evillnosj",
    "zero\u200bwidth": "zerowidth",
    "a:stream": "a_stream",
    'b<>"|?*c': "b_c",
    "end. ": "end",
    "trailing .": "trailing",
    "~": "~",
    "-rf": "-rf",
    "对话 一.jsonl": "对话_一",
    "x" * 5000 + ".jsonl": "x" * LONGEST,
    "📎" * 300: "📎" * LONGEST,
}
OUTSIDE = (
    "/etc/passwd",
    "/",
    "..",
    "../../../../etc",
    "workspace/../../secret",
    "a\x00b",
    "x" * 5000,
    "~root/.ssh",
    "file:///etc/passwd",
    "\\\\host\\share\\x",
    "C:\\Windows",
    "/proc/self/environ",
    "/dev/zero",
    "workspace/link",
    "workspace/link/train.jsonl",
    "workspace/loop",
    "workspace-of-another/x",
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace beside somebody else's files, with links out of it and in a circle, as the folder that relative paths begin in."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "train.jsonl").write_text(LINE)
    (tmp_path / "workspace-of-another").mkdir()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "link").symlink_to(tmp_path / "secret")
    (workspace / "loop").symlink_to(workspace / "loop")
    (workspace / "own.jsonl").write_text(LINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "stem"), STEMS.items(), ids=range(len(STEMS)))
def test_a_name_becomes_one_that_every_system_can_hold(name, stem, tmp_path):
    assert safe_stem(name) == stem
    (tmp_path / f"{stem}.jsonl").write_text("")
    assert [path.parent for path in tmp_path.rglob("*.jsonl")] == [tmp_path]


@pytest.mark.parametrize("path", OUTSIDE, ids=range(len(OUTSIDE)))
def test_a_path_that_leads_out_is_refused(path, home):
    with pytest.raises(InputError) as refused:
        inside(path, [home / "workspace"])
    assert refused.value.code == "core.outside" and "CHATBOT_FOLDERS" in str(refused.value)


def test_what_lies_in_the_workspace_or_an_allowed_folder_is_taken(home):
    settings = Settings(workspace=Path("workspace"), folders=f"{home / 'secret'}:{home / 'more'}", _env_file=None)
    for path in ("workspace/own.jsonl", "workspace/jobs/../own.jsonl", home / "secret/train.jsonl", DATA / "x.jsonl"):
        assert inside(path, open_folders(settings)).is_absolute()
    assert inside("workspace/link/train.jsonl", open_folders(settings)) == home / "secret/train.jsonl"


FORMS = {
    "base": FinetuneForm(base="/etc", data="workspace/own.jsonl", method="lora"),
    "data": FinetuneForm(base=str(DATA / "models" / "hotel-mini"), data="secret/train.jsonl", method="lora"),
    "dots": FinetuneForm(base="workspace/../secret", data="workspace/own.jsonl", method="lora"),
    "link": FinetuneForm(base="workspace/link", data="workspace/own.jsonl", method="lora"),
}


@pytest.mark.parametrize("name", FORMS)
def test_no_button_of_fine_tune_reads_outside_the_workspace(name, home, page_context):
    page_context.settings = Settings(workspace=home / "workspace", _env_file=None)
    handlers = FinetuneHandlers(page_context)
    for press in (
        lambda: handlers.look(PERSON, ExampleChoice(1, FORMS[name])),
        lambda: handlers.estimate(PERSON, FORMS[name]),
        lambda: handlers.start(PERSON, StartForm(FORMS[name])),
    ):
        with pytest.raises(gr.Error, match="CHATBOT_FOLDERS"):
            press()
    assert not list(home.glob("**/job.json"))


@pytest.mark.parametrize(
    ("models", "data"),
    [
        (["hotel-mini"], "/etc/passwd"),
        (["hotel-mini"], "workspace/link/train.jsonl"),
        (["/etc"], "workspace/own.jsonl"),
        (["adapter:/etc"], "workspace/own.jsonl"),
        (["hotel-mini", "openai:gpt-4o"], "workspace/own.jsonl"),
    ],
)
def test_no_study_opens_a_model_or_file_that_was_not_offered(models, data, home, page_context):
    page_context.settings = Settings(workspace=home / "workspace", _env_file=None)
    with pytest.raises(gr.Error, match=r"CHATBOT_FOLDERS|没有"):
        EvaluateHandlers(page_context).start(PERSON, StudyForm(models, data))
    assert not list(home.glob("**/job.json"))


def test_no_augmentation_listens_through_a_model_that_was_not_offered(home, page_context):
    page_context.settings = Settings(workspace=home / "workspace", _env_file=None)
    (page_context.settings.folder("data") / "corpus.jsonl").write_text(LINE)
    numbers = dict.fromkeys(("followup_share", "new", "seed", "cap"))
    texts = dict.fromkeys(("name", "model", "base_url", "price_in", "price_out"), "")
    asked = AugmentForm(mode="offline", operations=["spoken"], second_parser="/etc", **numbers, **texts)
    for press in (AugmentHandlers(page_context).start, AugmentHandlers(page_context).estimate):
        with pytest.raises(gr.Error, match="没有"):
            press(PERSON, asked)


@pytest.mark.parametrize("name", ["../../x.jsonl", "CON.jsonl", ".jsonl", "a\u202eb.jsonl", "own.jsonl.part"])
@pytest.mark.parametrize("handlers", [FinetuneHandlers, EvaluateHandlers])
def test_an_upload_is_kept_in_the_uploads_and_nowhere_else(name, handlers, home, page_context):
    page_context.settings = Settings(workspace=home / "workspace", _env_file=None)
    before = set(home.rglob("*"))
    brought = home / "brought" / Path(name).name
    brought.parent.mkdir()
    brought.write_text(LINE)
    kept = Path(handlers(page_context).upload(PERSON, str(brought))["value"])
    made = {path for path in set(home.rglob("*")) - before if path.is_file()} - {brought}
    assert made == {kept} and kept.parent == home / "workspace" / "uploads" and kept.name not in ("CON.jsonl", ".jsonl")


def test_a_link_among_the_uploads_is_replaced_and_not_followed(home, page_context):
    page_context.settings = Settings(workspace=home / "workspace", _env_file=None)
    victim = home / "victim"
    victim.write_text("untouched")
    (page_context.settings.folder("uploads") / "x.jsonl").symlink_to(victim)
    (home / "x.jsonl").write_text(LINE)
    FinetuneHandlers(page_context).upload(PERSON, str(home / "x.jsonl"))
    assert victim.read_text() == "untouched"


@pytest.mark.parametrize("operation", ["../../README", "/etc/passwd", "..", "", "spoken/../spoken", "spoken\x00"])
def test_a_prompt_is_read_and_kept_for_the_known_operations_alone(operation, tmp_path):
    (tmp_path / "README.md").write_text("secret")
    with pytest.raises(InputError):
        prompt(operation, tmp_path / "a" / "b")
    with pytest.raises(InputError):
        save_prompt(operation, "x", tmp_path / "a" / "b")


@pytest.mark.parametrize("bases", [["a"], ["b", "a"]], ids=["itself", "each-other"])
def test_adapters_that_name_each_other_as_base_are_refused(bases, tmp_path):
    for folder, base in zip("ab", bases, strict=False):
        (tmp_path / folder).mkdir()
        named = json.dumps({"base_model_name_or_path": str(tmp_path / base)})
        (tmp_path / folder / "adapter_config.json").write_text(named)
    with pytest.raises(ModelError, match="is an adapter itself"):
        family_name(tmp_path / "a")


def test_the_page_serves_no_file_of_the_machine_or_the_workspace(serve_page, page_context):
    secret = page_context.settings.folder() / "accounts.json"
    secret.write_text("{}")
    address = serve_page(page_context)
    names = ["/etc/passwd", str(secret), "app.py", "../../etc/passwd", f"{DATA}/hotel_db.json", "/proc/self/environ"]
    for name in [*names, "..%2f..%2fetc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd"]:
        for route in ("gradio_api/file=", "gradio_api/file/", "static/", "assets/", "svelte/"):
            answer = httpx.get(f"{address}{route}{name}")
            assert answer.status_code in (400, 403, 404, 405, 422), (route, name, answer.text[:80])
