"""Claims about constrained decoding: whatever is drawn under a grammar is a call that parses and fits the tools."""

import json
import random

import pytest
import torch
import xgrammar

from chatbot.core.messages import call, user
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer
from chatbot.models.families import chatglm3 as chatglm3_family
from chatbot.models.families.chat_template import read
from chatbot.models.families.chatglm3 import CHATGLM3, MARKS
from chatbot.models.families.llama2 import LLAMA2, call_text
from chatbot.models.families.parsers import parse_json
from chatbot.models.grammar import call_grammar, object_grammar, token_info
from chatbot.models.render import render

SEVERAL = {
    "name": "book",
    "parameters": {
        "type": "object",
        "properties": {
            "nights": {"type": "integer", "minimum": 1},
            "guest": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "adult": {"type": "boolean"}},
                "required": ["name"],
            },
            "shift": {"type": "number"},
        },
        "required": ["nights"],
    },
}
FULL = {
    "name": "春晓",
    "type": "经济型",
    "facilities": ["打麻将", "早餐"],
    "price_range_upper": 300,
    "rating_range_lower": 4.5,
    "sort_by": "price",
}


class Decoder:
    """A real tokenizer and xgrammar around it."""

    def __init__(self, path):
        self.tokenizer = build_tokenizer(path, MARKS)
        self.stops = self.tokenizer.convert_tokens_to_ids(list(CHATGLM3.stops))
        self.compiler = xgrammar.GrammarCompiler(
            token_info(self.tokenizer, len(self.tokenizer), self.stops), max_threads=1
        )

    def matcher(self, grammar):
        return xgrammar.GrammarMatcher(self.compiler.compile_grammar(grammar))

    def accepts(self, grammar, text):
        matcher = self.matcher(grammar)
        return matcher.accept_string(text) and matcher.accept_token(self.stops[0])

    def draw(self, grammar, seed, start=""):
        """A random text under the grammar, token by token, that stops as soon as it may."""
        draw, matcher, ids = random.Random(seed), self.matcher(grammar), []
        mask = xgrammar.allocate_token_bitmask(1, len(self.tokenizer))
        while not matcher.is_terminated():
            matcher.fill_next_token_bitmask(mask)
            logits = torch.zeros(1, len(self.tokenizer))
            xgrammar.apply_token_bitmask_inplace(logits, mask)
            allowed = torch.nonzero(logits[0] == 0).flatten().tolist()
            closing = [i for i in allowed if self.tokenizer.convert_ids_to_tokens(i)[-1] in "\"'`)]}>"]
            token = next((s for s in self.stops if s in allowed), None) or draw.choice(
                closing if closing and draw.random() < 0.3 else allowed
            )
            assert matcher.accept_token(token)
            ids.append(token)
        return self.tokenizer.decode(ids[:-1])


@pytest.fixture(scope="module")
def decoder(tokenizer_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("decoder") / "tokenizer.model"
    path.write_bytes(tokenizer_model)
    return Decoder(path)


def arguments_of(name, text):
    """The arguments that a family reads out of what was drawn after its call start."""
    if name == "hotel-mini":
        return parse_json(text)
    read_by = {
        "chatglm3": CHATGLM3.read,
        "llama2": lambda t, m: LLAMA2.read(LLAMA2.call_start + t, m),
        "template": read,
    }[name]
    return read_by(text, []).call.arguments


@pytest.mark.parametrize("name", ["hotel-mini", "chatglm3", "llama2", "template"])
def test_every_drawn_call_parses_and_fits_the_tool(decoder, name):
    grammar = call_grammar(name, [SEARCH_HOTELS])
    order = list(HotelQuery.model_fields)
    texts = [decoder.draw(grammar, seed) for seed in range(16)]
    # Bytes that are no character count as one in a grammar, and may be several when they are read.
    whole = [text for text in texts if "\ufffd" not in text]
    drawn = [arguments_of(name, text) for text in whole]
    assert len(whole) > 4 and any(drawn)
    for arguments in drawn:
        assert list(arguments) == [key for key in order if key in arguments]
        # The one thing that no grammar can hold is two bounds in order.
        HotelQuery.parse({key: value for key, value in arguments.items() if not key.endswith("_lower")})
        HotelQuery.parse({key: value for key, value in arguments.items() if not key.endswith("_upper")})


@pytest.mark.parametrize("name", ["chatglm3", "llama2", "template"])
def test_several_tools_and_nested_arguments_can_be_called(decoder, name):
    grammar = call_grammar(name, [SEARCH_HOTELS, SEVERAL])
    drawn = [arguments_of(name, decoder.draw(grammar, seed)) for seed in range(8)]
    assert any(drawn)
    for arguments in drawn:
        assert "nights" not in arguments or isinstance(arguments["nights"], int)
        assert set(arguments) <= {*HotelQuery.model_fields, "nights", "guest", "shift"}


def test_hotel_minis_compact_object_is_accepted_and_other_spellings_are_not(decoder):
    grammar = call_grammar("hotel-mini", [SEARCH_HOTELS])
    assert decoder.accepts(grammar, json.dumps(FULL, ensure_ascii=False, separators=(",", ":")))
    assert decoder.accepts(grammar, "{}")
    for wrong in (
        '{"type": "经济型"}',
        '{"type":"三星级"}',
        '{"price_range_upper":1,"name":"a"}',
        '{"name":""}',
        '{"a":1}',
        '{"rating_range_lower":6}',
    ):
        assert not decoder.accepts(grammar, wrong)


def test_a_required_property_cannot_be_left_out(decoder):
    grammar = object_grammar(SEVERAL["parameters"])
    assert decoder.accepts(grammar, '{"nights":2}') and decoder.accepts(
        grammar, '{"nights":2,"guest":{"name":"李"},"shift":-1.5}'
    )
    assert not decoder.accepts(grammar, "{}") and not decoder.accepts(grammar, '{"shift":1}')


def test_escapes_are_accepted_as_the_renderer_writes_them(decoder):
    arguments = {"name": 'a"b\\c\nd'}
    assert decoder.accepts(
        call_grammar("hotel-mini", [SEARCH_HOTELS]), json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    )
    assert decoder.accepts(
        call_grammar("llama2", [SEARCH_HOTELS]), call_text(call(arguments).call).removeprefix("CALL:")
    )
    text = "search_hotels\n " + chatglm3_family.call_text(call(arguments).call)
    assert decoder.accepts(call_grammar("chatglm3", [SEARCH_HOTELS]), text)


def test_no_mark_can_stand_inside_a_string(decoder):
    matcher = decoder.matcher(call_grammar("hotel-mini", [SEARCH_HOTELS]))
    assert matcher.accept_string('{"name":"a')
    mask = xgrammar.allocate_token_bitmask(1, len(decoder.tokenizer))
    matcher.fill_next_token_bitmask(mask)
    logits = torch.zeros(1, len(decoder.tokenizer))
    xgrammar.apply_token_bitmask_inplace(logits, mask)
    assert not any(logits[0, decoder.tokenizer.convert_tokens_to_ids(mark)] == 0 for mark in [*MARKS, "<s>", "</s>"])
    assert matcher.accept_string("<|user|>")


def test_the_ids_that_chatglm3_is_trained_on_pass_its_grammar(decoder):
    example = render([user("你好"), call(FULL)], [], CHATGLM3, decoder.tokenizer)
    matcher = decoder.matcher(call_grammar("chatglm3", [SEARCH_HOTELS]))
    assert all(matcher.accept_token(i) for i, trained in zip(example.ids, example.trained, strict=True) if trained)
    assert matcher.is_terminated()


WIDE = {
    "facilities": ["打麻将", ["温泉", "桑拿"]],
    "near": "故宫",
    "exclude": {"type": ["经济型"], "name": ["春晓"], "facilities": ["棋牌室"]},
}


def test_any_of_several_facilities_and_exclusions_pass_every_grammar(decoder):
    mini, llama, glm = (call_grammar(name, [SEARCH_HOTELS]) for name in ("hotel-mini", "llama2", "chatglm3"))
    assert decoder.accepts(mini, json.dumps(WIDE, ensure_ascii=False, separators=(",", ":")))
    assert decoder.accepts(llama, call_text(call(WIDE).call).removeprefix("CALL:"))
    text = "search_hotels\n " + chatglm3_family.call_text(call(WIDE).call)
    assert decoder.accepts(glm, text) and arguments_of("chatglm3", text) == WIDE
    for wrong in (
        '{"facilities":[[["温泉"]]]}',
        '{"facilities":[[]]}',
        '{"exclude":{"types":["经济型"]}}',
        '{"exclude":{"type":["三星"]}}',
        '{"exclude":{"facilities":["a"],"type":["经济型"]}}',
    ):
        assert not decoder.accepts(mini, wrong)


@pytest.mark.parametrize("either", ["anyOf", "oneOf"])
def test_a_value_may_be_of_one_of_several_kinds(decoder, either):
    schema = {"properties": {"x": {either: [{"type": "integer"}, {"enum": ["all"]}]}}}
    grammar = object_grammar(schema)
    assert decoder.accepts(grammar, '{"x":12}') and decoder.accepts(grammar, '{"x":"all"}')
    assert not decoder.accepts(grammar, '{"x":"none"}')
