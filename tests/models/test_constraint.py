"""What the guide of a generation rules out, with the shipped tokenizer."""

import pytest
import torch

from chatbot.core.settings import Settings
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.constraint import CallConstraint
from chatbot.models.families.hotel_mini import CALL, HOTEL_MINI
from chatbot.models.loading import load_tokenizer


@pytest.fixture(scope="module")
def constraint():
    tokenizer = load_tokenizer(Settings(_env_file=None).base)
    return CallConstraint(tokenizer, HOTEL_MINI, len(tokenizer))


@pytest.mark.parametrize(("tools", "allowed"), [([], False), ([SEARCH_HOTELS], True)])
def test_a_call_can_start_only_where_there_are_tools(constraint, tools, allowed):
    logits = torch.zeros(len(constraint.tokenizer))
    constraint.start([], tools).mask(logits)
    assert bool(torch.isfinite(logits[constraint.tokenizer.convert_tokens_to_ids(CALL)])) == allowed
    assert torch.isfinite(logits).sum() >= len(logits) - 1
