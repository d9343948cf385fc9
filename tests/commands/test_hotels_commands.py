"""The hotel commands as a script would use them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import hotels
from chatbot.core.errors import QueryError


@pytest.fixture
def run():
    """Run a command; an error of ours is raised as it is."""
    app = typer.Typer()
    hotels.register(app)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_search_prints_records_relaxed_and_unmatched(run):
    answer = json.loads(
        run("search", "--json", '{"facilities": ["能打麻将", "带宠物"], "price_range_upper": 1}').stdout
    )
    assert list(answer) == ["records", "relaxed", "unmatched", "total"]
    assert answer["relaxed"] == ["price_range_upper"] and answer["unmatched"] == ["带宠物"]
    assert len(answer["records"]) == 3 and all("棋牌室" in record["facilities"] for record in answer["records"])


def test_search_reads_the_file_that_hotels_generate_writes(run, tmp_path):
    path = str(tmp_path / "hotels.json")
    assert run("hotels", "generate", "--out", path, "--n", "30", "--seed", "5").exit_code == 0
    name = json.loads((tmp_path / "hotels.json").read_text(encoding="utf-8"))[7][0]
    answer = json.loads(run("search", "--hotels", path, "--json", json.dumps({"name": name})).stdout)
    assert [record["name"] for record in answer["records"]] == [name]


@pytest.mark.parametrize("arguments", ["{", "[]", '"x"', '{"price": 3}', '{"rating_range_lower": 9}'])
def test_bad_arguments_are_named(run, arguments):
    with pytest.raises(QueryError):
        run("search", "--json", arguments)
