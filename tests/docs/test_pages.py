"""The pages say what is: generated ones follow the code, links and paths lead somewhere, and nothing tells of one machine."""

import re
from pathlib import Path

import pytest

from tests import written_pages
from tests.conftest import quiet_loops

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
PATH = re.compile(r"(?<![\w/.-])(?:chatbot|data|docs|tests)/[\w./-]*\w")
REMEDY = "run `python -m tests.written_pages`"


def anchors(page: Path) -> set[str]:
    """What can be linked to on a page, as GitHub spells it."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_help_texts_are_those_of_the_commands():
    assert written_pages.COMMANDS.read_text(encoding="utf-8") == written_pages.commands_page(), REMEDY


def test_the_plan_names_every_module_with_its_sentence():
    assert written_pages.ARCHITECTURE.read_text(encoding="utf-8") == written_pages.architecture_page(), REMEDY


def test_the_tables_of_who_may_do_what_are_those_of_the_code():
    with quiet_loops():
        page = written_pages.security_page()
    assert written_pages.SECURITY.read_text(encoding="utf-8") == page, REMEDY


def test_no_module_is_missing_from_the_plan():
    plan = written_pages.ARCHITECTURE.read_text(encoding="utf-8")
    modules = [path.relative_to(ROOT / "chatbot").as_posix() for path in (ROOT / "chatbot").rglob("*.py")]
    assert modules and [name for name in modules if "__init__" not in name and f"{name}`" not in plan] == []


@EACH
def test_every_link_leads_somewhere(page: Path):
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


@EACH
def test_every_path_named_exists(page: Path):
    written = page.read_text(encoding="utf-8").partition(written_pages.MODULES[0])[0]
    named = set(PATH.findall(written))
    assert [path for path in sorted(named) if not re.search(r"NAME|KIND", path) and not (ROOT / path).exists()] == []


@EACH
def test_no_path_of_one_machine_stands_on_a_page(page: Path):
    assert re.findall(r"(?<![\w.])/(?:root|home|tmp|work|Users|mnt|opt)/\S*", page.read_text(encoding="utf-8")) == []
