"""The README tells the truth: its file tree is the disk's, and its front matter and commands fit what is pinned."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^(?P<indent> *)(?P<name>[\w./-]+?)(?:  +(?P<caption>\S.*))?$")


def tree() -> dict[str, str]:
    """Path → caption of the README's file tree."""
    block = README.split("<!-- tree -->")[1].split("```")[1].strip("\n")
    out, folders = {}, []
    for line in block.splitlines():
        entry = ENTRY.match(line)
        assert entry, f"not a line of a tree: {line!r}"
        depth = len(entry["indent"]) // 2
        folders[depth:] = [entry["name"].rstrip("/")]
        out["/".join(folders)] = entry["caption"] or ""
    return out


def test_everything_in_the_tree_exists():
    assert [path for path in tree() if not (ROOT / path).exists()] == []


def test_every_module_stands_in_the_tree():
    modules = [path for path in (ROOT / "chatbot").rglob("*.py") if path.name != "__init__.py"]
    missing = [path.relative_to(ROOT).as_posix() for path in modules]
    assert [path for path in missing if path not in tree()] == []


def test_every_entry_says_why_it_exists():
    assert [path for path, caption in tree().items() if not caption] == []


def test_spaces_runs_the_version_that_is_pinned():
    front = yaml.safe_load(README.split("---")[1])
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert front["sdk"] == "gradio"
    assert f"gradio=={front['sdk_version']}" in pins
    assert front["app_file"] == "app.py"


def test_every_requirement_is_pinned_exactly():
    for name in ("requirements.txt", "tests/requirements.txt"):
        lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
        assert [
            line
            for line in lines
            if line and not line.startswith("-r") and not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)
        ] == []


def test_the_two_commands_are_there():
    assert "pip install -r requirements.txt && python app.py" in README
    assert "pip install -r requirements.txt -r tests/requirements.txt && python -m pytest" in README
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100
