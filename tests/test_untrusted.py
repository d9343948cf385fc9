"""What other people's files and models' words may never reach: an evaluator, an unpickler, or code out of a model's folder."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EVALUATORS = {"eval", "exec", "compile", "__import__"}
UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
OTHER_TEXTS = ("*.md", "*.jinja", "*.yaml", "*.toml", "*.txt", ".ci/run")


def calls_of(source: str) -> Iterator[str]:
    """What a module does that is forbidden, in words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"import {name.name}" for name in node.names if name.name.split(".")[0] in UNPICKLERS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPICKLERS:
            yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            yield from _forbidden(node)


def _forbidden(node: ast.Call) -> Iterator[str]:
    name, named = ast.unparse(node.func), {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    if name in EVALUATORS or name.startswith("builtins."):
        yield name
    if named.get("trust_remote_code", "False") != "False":
        yield f"{name}(trust_remote_code={named['trust_remote_code']})"
    if name == "torch.load" and named.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if named.get("allow_pickle", "False") != "False" or named.get("shell", "False") != "False":
        yield f"{name} with allow_pickle or shell"
    if name in ("yaml.load", "yaml.load_all", "yaml.unsafe_load"):
        yield name


def tracked(*patterns: str) -> list[Path]:
    """Files of the project, without what is made at run time."""
    found = [path for pattern in patterns for path in ROOT.rglob(pattern)]
    return [
        path
        for path in found
        if not {"workspace", ".git", ".venv", "venv", "node_modules"} & set(path.relative_to(ROOT).parts)
    ]


def test_no_module_evaluates_unpickles_or_runs_a_models_code():
    modules = tracked("*.py")
    assert len(modules) > 200
    assert {
        str(p.relative_to(ROOT)): found for p in modules if (found := list(calls_of(p.read_text(encoding="utf-8"))))
    } == {}


def test_no_recipe_tells_anyone_to_trust_a_models_code():
    texts = {p: p.read_text(encoding="utf-8") for p in tracked(*OTHER_TEXTS)}
    assert texts
    assert [str(p) for p, text in texts.items() if re.search(r"trust[-_]remote[-_]code(?![=: ]+False)", text)] == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "exec(text)",
        "import pickle",
        "from pickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
        "AutoModel.from_pretrained(path, trust_remote_code=config.trust)",
        "numpy.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_each_forbidden_act_is_noticed(source):
    assert list(calls_of(source))


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "ast.literal_eval(text)",
        "re.compile(text)",
        "torch.load(path, weights_only=True)",
        "yaml.safe_load(text)",
    ],
)
def test_what_only_looks_like_it_is_allowed(source):
    assert not list(calls_of(source))
