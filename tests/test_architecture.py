"""The rules of dependency, read from docs/architecture.md: arrows run one way, nothing goes in circles, rooms stay small."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAN = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ARROWS = PLAN.split("<!-- arrows -->")[1].split("```")[1].strip()
LAYERS = {room.strip(): rank for rank, rooms in enumerate(ARROWS.split("←")) for room in rooms.split(",")}
MOST_MODULES = 15
MOST_LINES = 300


def sources() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "chatbot").rglob("*.py")]


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports at run time, wherever in it; imports for type checkers alone are no arrows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    unread = {node for block in blocks for node in ast.walk(block)}
    for node in ast.walk(tree):
        if node in unread:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def module_of(name: str) -> str | None:
    """The project's module that an imported name lies in; None for a foreign one or a package."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        if (ROOT / Path(*parts[:end])).with_suffix(".py").is_file():
            return ".".join(parts[:end])
    return None


def room(path: Path) -> str:
    return path.relative_to(ROOT / "chatbot").parts[0].removesuffix(".py")


def test_only_the_page_imports_gradio():
    users = [path for path in sources() if any(name.split(".")[0] == "gradio" for name in imports(path))]
    assert users
    found = [path for path in users if path.name != "app.py" and "ui" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in found] == []


def test_arrows_run_as_the_plan_draws_them():
    right, wrong = [], []
    for path in (ROOT / "chatbot").rglob("*.py"):
        if path.parent == ROOT / "chatbot":
            continue
        for name in imports(path):
            target = name.split(".")[1] if name.startswith("chatbot.") else None
            if target in LAYERS:
                (wrong if LAYERS[target] > LAYERS[room(path)] else right).append(f"{path.relative_to(ROOT)} → {name}")
    assert wrong == [] and len(right) > 100


def test_the_plan_names_every_room():
    rooms = {path.name for path in (ROOT / "chatbot").iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert rooms == set(LAYERS)


def test_no_module_imports_itself_by_a_detour():
    graph = {}
    for path in (ROOT / "chatbot").rglob("*.py"):
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        graph[own] = {module for name in imports(path) if (module := module_of(name)) and module != own}
    assert sum(map(len, graph.values())) > 100
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_no_room_is_crowded_and_no_file_long():
    modules = [path for path in (ROOT / "chatbot").rglob("*.py") if path.name != "__init__.py"]
    crowded = {str(folder): n for folder, n in Counter(path.parent for path in modules).items() if n > MOST_MODULES}
    long = {str(p.relative_to(ROOT)): n for p in modules if (n := len(p.read_text("utf-8").splitlines())) > MOST_LINES}
    assert len(modules) > 100 and (crowded, long) == ({}, {})


def test_few_lines_are_wide():
    lines = [line for path in sources() for line in path.read_text(encoding="utf-8").splitlines()]
    assert sum(len(line) > 120 for line in lines) / len(lines) <= 0.015


def test_jobs_know_no_task():
    known = {"errors", "settings", "locks", "events"}
    found = {name.split(".")[2] for name in imports(ROOT / "chatbot/core/jobs.py") if name.startswith("chatbot.core.")}
    assert found and found <= known


def test_importing_the_app_and_the_page_loads_no_torch():
    code = (
        "import app, chatbot.__main__, chatbot.ui.shell.server, sys;"
        "print([m for m in ('torch', 'transformers', 'peft', 'trl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_module_opens_with_a_sentence():
    silent = [path for path in sources() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_every_caption_of_the_plan_names_a_room():
    table = re.findall(r"^\| `(\w+)(?:/[\w,{} ]*)?` \|", PLAN, re.M)
    assert set(table) == set(LAYERS)
