"""Claims about what the program is made of: the bill names everything that is locked, and what does not fit is told without a network."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import InputError
from chatbot.core.operation.audit import audit
from chatbot.core.operation.parts import LOCK, ROOT, bill, locked, packages, plain

COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
ONE = "demo==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{}\n    # via -r requirements.txt\n"


def test_the_lock_pins_everything_with_hashes():
    entries = locked()
    assert len(entries) > 100 and len({entry.ref for entry in entries}) == len(entries)
    assert all(entry.hashes and entry.via for entry in entries)


def test_the_bill_is_cyclonedx_and_every_reference_leads_somewhere():
    made = bill()
    refs = [one["bom-ref"] for one in made["components"]]
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert len(set(refs)) == len(refs) and made == bill()
    assert {ref for row in made["dependencies"] for ref in row["dependsOn"]} <= set(refs)
    direct = {ref.partition("@")[0] for ref in made["dependencies"][0]["dependsOn"]}
    assert {"pkg:pypi/gradio", "pkg:pypi/torch"} <= direct and "pkg:pypi/urllib3" not in direct
    assert "model:hotel-mini" in refs
    assert all(re.fullmatch("[0-9a-f]{64}", h["content"]) for one in made["components"] for h in one["hashes"])


def test_every_installed_package_says_its_licence_and_none_forbids_ours():
    told = {entry.name: packages()[entry.name] for entry in locked() if entry.name in packages()}
    assert [name for name, licence in told.items() if not licence] == []
    assert [name for name, licence in told.items() if COPYLEFT.search(licence) and "LGPL" not in licence] == []


def test_the_commands_tell_bill_and_licences(tmp_path):
    run = CliRunner().invoke
    assert run(app, ["parts", "sbom", "--out", str(tmp_path / "sbom.json")]).exit_code == 0
    assert json.loads((tmp_path / "sbom.json").read_text())["components"]
    told = json.loads(run(app, ["parts", "licences", "--json"]).stdout)
    assert {"name": "pydantic", "version": "2.14.3", "licence": "MIT"} in told


def test_requirements_lock_and_installation_agree_here():
    asked = {plain(line.partition("==")[0]) for line in (ROOT / "requirements.txt").read_text().splitlines()}
    assert [line for line in audit() if line.partition(":")[0] in asked] == []


def test_what_does_not_fit_is_named(tmp_path):
    lock, asked, wheels = tmp_path / "lock", tmp_path / "requirements.txt", tmp_path / "wheels"
    wheels.mkdir()
    shutil.copy(ROOT / "LICENSE", wheels / "demo-1.0-py3-none-any.whl")
    lock.write_text(ONE.format("a" * 64) + ONE.replace("demo", "bare").replace("    --hash=sha256:{}\n", ""))
    asked.write_text("demo==1.1\nother==2\n")
    found = audit(lock, asked, wheels=wheels)
    assert found == [
        "demo: requirements.txt says 1.1, the lock 1.0",
        "other: requirements.txt says 2, the lock nothing",
        "bare: the lock has no hash",
        "demo: 1.0 is locked and not installed",
        "bare: 1.0 is locked and not installed",
        "demo-1.0-py3-none-any.whl: its SHA-256 is not in the lock",
    ]


@pytest.mark.parametrize("text", ["demo>=1\n", "<html>\n"])
def test_a_lock_that_pins_nothing_is_refused(text, tmp_path):
    (tmp_path / "lock").write_text(text)
    with pytest.raises(InputError, match=r"requirements\.lock"):
        locked(tmp_path / "lock")
    assert LOCK.exists()
