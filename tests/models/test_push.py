"""A push to a hub: what is sent is what the dry run listed, names no place of this machine, and arrives whole or not at all."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from chatbot.core.errors import InputError, ModelError
from chatbot.models.conversion.push import plan
from tests.fake_hub import TOKEN, Hub, Repository, app_of
from tests.servers import free_port, served

REPO = "team/hotel-lora"


@pytest.fixture
def adapter(tmp_path):
    """An adapter's folder as a run leaves it, with what must stay here beside it."""
    folder = tmp_path / "made" / "hotel-lora"
    (folder / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    base = tmp_path / "bases" / "small"
    base.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": str(base)}))
    (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 40)
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"/": 1}}}')
    (folder / "run.json").write_text(json.dumps({"config": {"base": str(base), "out": str(folder), "steps": 2}}))
    (folder / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# hotel-lora\n`--model adapter:{folder}`\n")
    for name in ("events.jsonl", ".env", "train.jsonl", "optimizer.pt"):
        (folder / name).write_text("kept here")
    (folder / "model.safetensors").symlink_to(tmp_path / "elsewhere")
    return folder


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def address(hub):
    with served(app_of(hub)) as found:
        yield found


def push(folder, address, *options, token=TOKEN):
    """The command, in a process of its own, as the library reads its settings once."""
    ours = {"HF_ENDPOINT": address, "HF_TOKEN": token, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder.parent / "hf")}
    return subprocess.run(
        [sys.executable, "-m", "chatbot", "models", "push", str(folder), REPO, *options],
        env={name: value for name, value in os.environ.items() if not name.startswith("HF_")} | ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_what_is_listed_is_what_arrives_and_nothing_else_leaves_the_machine(adapter, hub, address, tmp_path):
    listed = json.loads(push(adapter, address, "--dry-run", "--json").stdout)
    assert not hub.repositories
    assert {file["name"] for file in listed["files"]} == {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "run.json", "README.md"}  # fmt: skip
    assert set(listed["left"]) == {"checkpoints", "events.jsonl", ".env", "train.jsonl", "optimizer.pt", "model.safetensors"}  # fmt: skip
    ran = push(adapter, address)
    assert ran.returncode == 0 and ran.stdout.strip() == f"sent: {address}/{REPO}", ran.stderr
    sent = hub.repositories[REPO]
    assert sent.private and len(sent.commits) == 1
    assert {name: hashlib.sha256(body).hexdigest() for name, body in sent.files.items()} == {file["name"]: file["sha256"] for file in listed["files"]}  # fmt: skip
    assert not [name for name, body in sent.files.items() if str(tmp_path).encode() in body]
    assert json.loads(sent.files["adapter_config.json"])["base_model_name_or_path"] == "small"
    assert b"adapter:hotel-lora" in sent.files["README.md"]


def test_the_dry_run_says_which_files_lose_a_path_and_reads_the_licence(adapter):
    found = plan(adapter, REPO)
    assert {file.name for file in found.files if file.told is not None} == {"adapter_config.json", "run.json", "README.md"}  # fmt: skip
    assert found.licence == "apache-2.0"


def test_a_public_repository_of_that_name_is_left_alone_unless_it_may_be_public(adapter, hub, address):
    hub.repositories[REPO] = Repository(private=False)
    refused = push(adapter, address)
    assert refused.returncode and "public repository" in refused.stderr and not hub.repositories[REPO].files
    assert push(adapter, address, "--public").returncode == 0 and hub.repositories[REPO].files


@pytest.mark.parametrize(
    ("token", "network", "told"),
    [("", True, "HF_TOKEN"), ("hf_wrong", True, "refused (401)"), (TOKEN, False, "cannot be reached")],
    ids=["no token", "wrong token", "no network"],
)
def test_a_push_that_cannot_be_says_why_and_changes_nothing(adapter, hub, request, token, network, told):
    where = f"http://127.0.0.1:{free_port()}" if not network else request.getfixturevalue("address")
    refused = push(adapter, where, token=token)
    assert refused.returncode and told in refused.stderr and "Traceback" not in refused.stderr
    assert not hub.repositories


@pytest.mark.parametrize("repo", ["name", "../x", "a/b/c", "owner/ name", "-x/y"])
def test_what_is_no_name_on_a_hub_is_refused(adapter, repo):
    with pytest.raises(InputError, match="owner/name"):
        plan(adapter, repo)


def test_a_folder_without_a_card_or_a_model_is_refused(adapter, tmp_path):
    (adapter / "README.md").unlink()
    with pytest.raises(ModelError, match="no card"):
        plan(adapter, REPO)
    with pytest.raises(ModelError, match="neither a model nor an adapter"):
        plan(tmp_path, REPO)


def test_what_changed_since_it_was_looked_at_has_another_fingerprint(adapter):
    seen = plan(adapter, REPO).fingerprint
    assert plan(adapter, REPO).fingerprint == seen != plan(adapter, "team/other").fingerprint
    (adapter / "adapter_model.safetensors").write_bytes(b"else")
    assert plan(adapter, REPO).fingerprint != seen
