"""What the guide of a generation rules out, with the shipped tokenizer."""

import pytest
import torch

from chatbot.core.errors import InputError
from chatbot.core.messages import user
from chatbot.core.settings import Settings
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.backends import CallDelta
from chatbot.models.constraint import CallConstraint
from chatbot.models.families.hotel_mini import CALL, HOTEL_MINI
from chatbot.models.loading import load_tokenizer
from chatbot.models.local import LocalModel
from tests.tiny_models import tiny_llama


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


def test_a_generation_that_must_call_writes_the_calls_start_first(constraint):
    mark = constraint.tokenizer.convert_tokens_to_ids(CALL)
    guide, logits = constraint.start([], [SEARCH_HOTELS], must_call=True), torch.zeros(len(constraint.tokenizer))
    guide.mask(logits)
    assert torch.isfinite(logits).nonzero().flatten().tolist() == [mark]
    guide.accept(mark)
    logits = torch.zeros(len(constraint.tokenizer))
    guide.mask(logits)
    allowed = constraint.tokenizer.decode(
        torch.isfinite(logits).nonzero().flatten().tolist(), skip_special_tokens=False
    )
    assert allowed.startswith("{") and CALL not in allowed


def test_a_random_model_that_must_call_calls(tmp_path):
    model = LocalModel.load(tiny_llama(tmp_path / "tiny"))
    found = list(model.generate([user("你好")], [SEARCH_HOTELS], must_call=True))
    assert [type(delta) for delta in found] == [CallDelta] and found[0].call.name == "search_hotels"


def test_tools_of_which_no_grammar_can_be_made_are_refused(constraint):
    with pytest.raises(InputError, match="no grammar"):
        constraint.matcher("root ::= (")
