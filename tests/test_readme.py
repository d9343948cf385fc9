"""The README tells the truth in both languages: its file tree is the disk's, and its front matter and commands fit what is pinned."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
PAGES = pytest.mark.parametrize("page", [README, CHINESE], ids=["en", "zh"])
ENTRY = re.compile(r"^(?P<indent> *)(?P<name>[\w./-]+?)(?:  +(?P<caption>\S.*))?$")
LONGEST = 8 * 1024
"""Bytes of a README that is still read to its end."""


def tree(page: str) -> dict[str, str]:
    """Path → caption of a README's file tree."""
    block = page.split("<!-- tree -->")[1].split("```")[1].strip("\n")
    out, folders = {}, []
    for line in block.splitlines():
        entry = ENTRY.match(line)
        assert entry, f"not a line of a tree: {line!r}"
        depth = len(entry["indent"]) // 2
        folders[depth:] = [entry["name"].rstrip("/")]
        out["/".join(folders)] = entry["caption"] or ""
    return out


def headings(page: str) -> list[str]:
    """The level of each heading, in order; a comment in a code block is none."""
    return re.findall(r"^(#+) ", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)


def test_everything_in_the_tree_exists():
    assert [path for path in tree(README) if not (ROOT / path).exists()] == []


def test_every_folder_of_the_code_stands_in_the_tree():
    folders = {
        path.parent for path in (ROOT / "chatbot").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.relative_to(ROOT).as_posix() for path in folders} - tree(README).keys() == set()


def test_every_top_level_entry_stands_in_the_tree():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode or not listed.stdout:
        pytest.skip("this copy of the project is no git checkout")
    assert {line.partition("/")[0] for line in listed.stdout.splitlines()} - tree(README).keys() == set()


@PAGES
def test_every_entry_says_why_it_exists(page: str):
    assert [path for path, caption in tree(page).items() if not caption] == []


def test_both_languages_say_the_same():
    assert list(tree(CHINESE)) == list(tree(README))
    assert headings(CHINESE) == headings(README) != []
    assert re.findall(r"```bash\n(.*?)```", CHINESE, re.S) == re.findall(r"```bash\n(.*?)```", README, re.S)
    rest = (r"\]\((?!README)([^)]+)\)", r"^\|.*\|$")
    assert [len(re.findall(what, CHINESE, re.M)) for what in rest] == [
        len(re.findall(what, README, re.M)) for what in rest
    ]


@PAGES
def test_the_page_is_short(page: str):
    assert len(page.encode()) <= LONGEST


def test_spaces_runs_the_version_that_is_pinned():
    front = yaml.safe_load(README.split("---")[1])
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert front["sdk"] == "gradio"
    assert f"gradio=={front['sdk_version']}" in pins
    assert front["app_file"] == "app.py"


def test_every_requirement_is_pinned_exactly():
    for name in ("requirements.txt", "tests/requirements.txt"):
        lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
        assert any(lines)
        assert [
            line
            for line in lines
            if line and not line.startswith("-r") and not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)
        ] == []


def test_the_lock_holds_what_is_required_with_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.\[\]-]+)==([\w.]+)(?: ;.*)? \\$", lock, re.M))
    wanted = re.findall(r"^([\w.\[\]-]+)==([\w.]+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    assert [f"{name}=={version}" for name, version in wanted if locked.get(name.lower()) != version] == [], (
        "run `just lock`"
    )
    packages = re.split(r"\n(?=\S)", lock)
    assert len(packages) > len(wanted) > 10
    assert [entry.splitlines()[0] for entry in packages if entry[0] != "#" and "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index():
    assert not re.search(
        r"://|--(?:extra-)?index|--find-links", (ROOT / "requirements.lock").read_text(encoding="utf-8")
    )


def test_the_two_commands_are_there():
    assert "pip install -r requirements.txt && python app.py" in README
    assert "pip install -r requirements.txt -r tests/requirements.txt && python -m pytest" in README
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_one_script_checks_here_and_anywhere():
    callers = [(ROOT / name).read_text(encoding="utf-8") for name in (".ci/run", "justfile")]
    assert all("tests/check.sh" in caller for caller in callers)
    assert (ROOT / "tests" / "check.sh").stat().st_mode & 0o100
