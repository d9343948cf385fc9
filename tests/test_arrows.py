"""The three rules of dependency: Gradio stays in ui/ and app.py, the app starts without torch, and arrows run one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {
    **dict.fromkeys(("errors", "messages", "settings"), 0),
    **dict.fromkeys(("hotels", "jobs", "locks", "accounts"), 1),
    **dict.fromkeys(("corpus", "models"), 2),
    "dialogue": 3,
    **dict.fromkeys(("training", "evaluation"), 4),
    **dict.fromkeys(("ui", "commands"), 5),
    "__main__": 6,
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports at run time, wherever in it; imports for type checkers alone are no arrows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread = {node for block in ast.walk(tree) if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if node in unread:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def sources() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "chatbot").rglob("*.py")]


def part(path: Path) -> str:
    return path.relative_to(ROOT / "chatbot").parts[0].removesuffix(".py")


def test_only_the_page_imports_gradio():
    others = [path for path in sources() if path.name != "app.py" and "ui" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in others if any(name.split(".")[0] == "gradio" for name in imports(path))] == []


def test_arrows_run_one_way():
    wrong = []
    for path in (ROOT / "chatbot").rglob("*.py"):
        if path == ROOT / "chatbot" / "__init__.py":
            continue
        for name in imports(path):
            target = name.split(".")[1] if name.startswith("chatbot.") else None
            if target in LAYERS and LAYERS[target] > LAYERS[part(path)]:
                wrong.append(f"{path.relative_to(ROOT)} → {name}")
    assert wrong == []


def test_every_part_has_its_layer():
    assert {part(path) for path in (ROOT / "chatbot").rglob("*.py")} - {"__init__"} == set(LAYERS)


def test_jobs_know_no_task():
    known = {"errors", "settings", "locks"}
    assert {name.split(".")[1] for name in imports(ROOT / "chatbot" / "jobs.py") if name.startswith("chatbot.")} <= known


def test_importing_the_app_and_the_page_loads_no_torch():
    code = "import app, chatbot.__main__, chatbot.ui.serve, sys; print([m for m in ('torch', 'transformers', 'peft', 'trl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
