"""The page's words and the code that says them name the same keys: nothing is missing in the files, and nothing there is unused."""

import ast
import re
from itertools import chain
from pathlib import Path
from string import Formatter

import pytest

from chatbot.ui.i18n.translate import words

CODE = Path(__file__).resolve().parents[2] / "chatbot"
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in CODE.rglob("*.py")}
NODES = {path: list(ast.walk(tree)) for path, tree in TREES.items()}
ROOMS = {key.split(".")[0] for key in words()}
FILES = {".json", ".jsonl", ".sqlite"}
ENDINGS = ("", ".head", ".text")
"""What `choice` puts behind the key of a box."""


def constants(nodes):
    """All texts of some code, and the names of its fields, which keys are made of too."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def said(path):
    """The keys that a file of the page names as a whole: every text that reads like a key and is no file's name."""
    keys = re.compile(rf"(?:{'|'.join(ROOMS)})\.[\w.]*\w")
    parts = {part for node in NODES[path] if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = constants(node for node in NODES[path] if node not in parts)
    return {text for text in texts if keys.fullmatch(text) and Path(text).suffix not in FILES}


def patterns():
    """The keys that the page makes of parts (f"card.{name}"), as patterns whose groups are the parts."""
    for path in (CODE / "ui").rglob("*.py"):
        for node in NODES[path]:
            if isinstance(node, ast.JoinedStr) and isinstance(first := node.values[0], ast.Constant):
                parts = [re.escape(v.value) if isinstance(v, ast.Constant) else r"([\w.-]+)" for v in node.values]
                if first.value.split(".")[0] in ROOMS and "." in first.value:
                    yield re.compile("".join(parts))


def test_every_key_that_the_page_says_has_words():
    named = set(chain.from_iterable(said(path) for path in (CODE / "ui").rglob("*.py")))
    made = list(patterns())
    assert len(named) > 100 and made
    assert [key for key in named if not any(key + ending in words() for ending in ENDINGS)] == []
    assert [one.pattern for one in made if not any(map(one.fullmatch, words()))] == []


def test_all_words_are_said_somewhere():
    texts = set(constants(chain.from_iterable(NODES.values())))
    whole = {key + ending for key in texts for ending in ENDINGS}
    made = list(patterns())

    def is_said(key):
        return key in whole or any(texts.issuperset(match.groups()) for one in made if (match := one.fullmatch(key)))

    assert [key for key in words() if not is_said(key)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_are_told_the_same_values(language):
    def fields(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    asked = 0 if language == "zh" else 1
    assert [key for key, pair in words().items() if not fields(pair[asked]) <= fields(pair[1 - asked])] == []
