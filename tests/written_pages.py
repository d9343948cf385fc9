"""Writes the pages that follow from the code, so that they cannot drift from it: `python -m tests.written_pages`."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "commands.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
MODULES = ("<!-- modules -->\n", "<!-- end of modules -->\n")
SECURITY = ROOT / "docs" / "security.md"
ROUTES, EVENTS = ("<!-- routes -->\n", "<!-- end of routes -->\n"), ("<!-- events -->\n", "<!-- end of events -->\n")
WIDTH = 100
HOW = "`python -m tests.written_pages` writes"


def sentence(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def rooms() -> list[str]:
    """The rooms in the order of the plan's arrows, so that the map begins with what all others stand on."""
    arrows = ARCHITECTURE.read_text(encoding="utf-8").split("<!-- arrows -->")[1].split("```")[1]
    return re.findall(r"\w+", arrows)


def module_map() -> str:
    """Every module under chatbot/ with its sentence, room by room."""
    code = ROOT / "chatbot"
    modules = sorted((path for path in code.rglob("*.py") if path.name != "__init__.py"), key=_place)
    out = []
    for room, paths in groupby(modules, key=lambda path: path.relative_to(code).parts[0]):
        if room.endswith(".py"):
            lines = [f"`chatbot/{room}`: {sentence(code / room)}"]
        else:
            lines = [f"### {room}", "", sentence(code / room / "__init__.py"), "", *map(_line, paths)]
        out += [*lines, ""]
    return "\n".join(out)


def _place(path: Path) -> tuple[int, bool, str]:
    """Room by room, what belongs to none first; within a room its own modules stand before those of its folders."""
    parts, order = path.relative_to(ROOT / "chatbot").parts, rooms()
    return order.index(parts[0]) if parts[0] in order else -1, len(parts) > 2, "/".join(parts)


def _line(path: Path) -> str:
    return f"- `{path.relative_to(ROOT / 'chatbot').as_posix()}`: {sentence(path)}"


def architecture_page() -> str:
    """docs/architecture.md with the map of today's modules."""
    before, _, rest = ARCHITECTURE.read_text(encoding="utf-8").partition(MODULES[0])
    return before + MODULES[0] + module_map() + MODULES[1] + rest.partition(MODULES[1])[2]


def commands_page() -> str:
    """The help texts of all commands, plain and of one width whatever the terminal."""
    import app as page
    from chatbot.__main__ import app as command_line

    opening = typer.Typer(add_completion=False)
    opening.command()(page.launch)
    parts = [
        "# Commands",
        f"What each command's `--help` prints. {HOW} this page, and a test compares it.",
        "`python -m chatbot` is also installed as `chatbot`, where the project itself is installed (`pip install -e .`).",
    ]
    for name, command in [
        ("python app.py", get_command(opening)),
        *_walk("python -m chatbot", get_command(command_line)),
    ]:
        parts.append(f"{'###' if name.count(' ') > 3 else '##'} {name}\n\n```\n{help_text(command, name)}\n```")
    return "\n\n".join(parts) + "\n"


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child in getattr(command, "commands", {}).values():
        yield from _walk(f"{name} {child.name}", child)


def help_text(command: Any, name: str) -> str:
    """What `name --help` prints without a frame."""
    command.rich_markup_mode = None
    command.context_settings = {**command.context_settings, "terminal_width": WIDTH}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        command.main(["--help"], prog_name=name, standalone_mode=False)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def security_page() -> str:
    """docs/security.md with the routes that the gate knows and the events that check a role."""
    text = SECURITY.read_text(encoding="utf-8")
    for marks, table in ((ROUTES, routes_table()), (EVENTS, events_table())):
        before, _, rest = text.partition(marks[0])
        text = before + marks[0] + table + marks[1] + rest.partition(marks[1])[2]
    return text


def routes_table() -> str:
    """The gate's table: what is for one purpose in one line."""
    from chatbot.ui.shell.gate.routes import ROUTES as table

    lines = ["", "| role | methods | routes | for |", "|---|---|---|---|"]
    for (access, methods, what), routes in groupby(table, key=lambda route: (route.access, route.methods, route.what)):
        paths = ", ".join(f"`{route.path}`" for route in routes)
        lines.append(f"| {access} | {' '.join(methods)} | {paths} | {what} |")
    return "\n".join([*lines, "", ""])


def events_table() -> str:
    """What the page's functions check themselves, by role; the page is built, and nothing is started."""
    from chatbot.core.settings import Settings
    from chatbot.ui.shell.context import PageContext
    from chatbot.ui.shell.page import build_page

    page = build_page(PageContext(Settings(_env_file=None), models=lambda settings: []))
    events = [(getattr(one.fn, "role", None), one.fn.__qualname__) for one in page.fns.values() if one.fn]
    lines = ["", "| role | functions |", "|---|---|"]
    for role in ("annotator", "engineer", "admin"):
        if names := sorted({name for needed, name in events if needed == role}):
            lines.append(f"| {role} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join([*lines, "", ""])


if __name__ == "__main__":
    SECURITY.write_text(security_page(), encoding="utf-8")
    COMMANDS.write_text(commands_page(), encoding="utf-8")
    ARCHITECTURE.write_text(architecture_page(), encoding="utf-8")
