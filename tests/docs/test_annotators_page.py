"""The annotators' page uses the words that stand on the page's buttons."""

import re
from pathlib import Path

import pytest

from chatbot.ui.i18n.translate import words

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "annotators.zh-CN.md").read_text(encoding="utf-8")
ON_THE_PAGE = "\n".join(re.sub(r"<[^>]*>", "\n", zh) for zh, _ in words().values()).splitlines()


@pytest.mark.parametrize("quoted", sorted(set(re.findall(r"\*\*“(.+?)”\*\*", PAGE))))
def test_a_bold_quotation_is_a_whole_label_of_the_page(quoted: str):
    assert quoted in ON_THE_PAGE
