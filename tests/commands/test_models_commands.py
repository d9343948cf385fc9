"""`merge` on the command line makes what the function makes, and a wrong flag is an error with a remedy."""

import json

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import models
from chatbot.core.errors import InputError
from tests.tiny_models import tiny_adapter, tiny_llama


@pytest.fixture(scope="module")
def command():
    app = typer.Typer()
    models.register(app)
    app.command()(lambda: None)
    return app


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("merge")
    base = tiny_llama(home / "base")
    return home, ["merge", "--base", str(base), "--adapter", str(tiny_adapter(base, home / "adapter"))]


def test_merge_saves_the_model_and_prints_its_report(command, folders):
    home, arguments = folders
    done = CliRunner().invoke(
        command, [*arguments, "--out", str(home / "one"), "--precision", "fp32", "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert report == json.loads((home / "one" / "merge_report.json").read_text())
    assert report["merged_vs_unmerged"]["greedy_agreement"] == 1.0 and report["dtype"] == "float32"


def test_merge_says_in_words_how_close_the_outputs_are(command, folders):
    home, arguments = folders
    done = CliRunner().invoke(
        command,
        [*arguments, "--out", str(home / "two"), "--precision", "fp32", "--against-nf4"],
        catch_exceptions=False,
    )
    assert "greedy agreement 100.0%" in done.stdout and "merged_vs_nf4" in done.stdout


def test_an_unknown_precision_is_named(command, folders):
    home, arguments = folders
    with pytest.raises(InputError, match="int3"):
        CliRunner().invoke(
            command, [*arguments, "--out", str(home / "three"), "--precision", "int3"], catch_exceptions=False
        )
