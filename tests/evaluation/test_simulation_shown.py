"""Whose fault failures were and what was understood, as the page and the report show it."""

from types import SimpleNamespace

import pytest

from chatbot.evaluation.reporting.rows import culprit_rows, phenomenon_rows
from chatbot.ui.evaluate.tables import simulation_details
from chatbot.ui.i18n.translate import translate

SHARE = {"n": 12, "share": 0.75, "interval": [0.4677, 0.9111]}
NEW = {"model": "新", "simulation": {"culprits": {"heard": 3, "untrue": 1}, "phenomena": {"amount": SHARE}}}
OLD = {"model": "旧", "simulation": {"task_finish": 0.9}}


def test_the_report_names_culprits_and_phenomena_in_both_languages():
    rows = culprit_rows([OLD, NEW])
    assert [row["name"] for row in rows] == ["听错了 Heard wrong", "说了不实的话 Said something untrue"]
    assert [cell["value"] for cell in rows[0]["cells"]] == [0, 3]
    (row,) = phenomenon_rows([OLD, NEW])
    assert row["name"] == "价格 Amount" and row["cells"][0]["value"] == "—"
    assert row["cells"][1] == {"value": "75.0%", "interval": "46.8% – 91.1% · n = 12"}


def test_studies_from_before_show_none_of_it():
    assert culprit_rows([OLD]) == [] and phenomenon_rows([OLD, {"model": "无", "simulation": None}]) == []


@pytest.mark.parametrize(("who", "fault", "amount"), [("zh", "听错了", "价格"), ("en", "Heard wrong", "Amount")])
def test_the_page_shows_both_tables_in_the_readers_language(who, fault, amount):
    who = SimpleNamespace(headers={"accept-language": who})
    html = "".join(simulation_details([OLD, NEW], who))
    assert fault in html and amount in html and "75.0%" in html and "n = 12" in html
    assert translate(who, "evaluate.culprits") in html
    assert simulation_details([OLD], who) == []
