"""Whatever a model's weights, its act line can be read, and it says nothing that the dialogue does not allow."""

import random
import re

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.core.messages import call, observation, reply, user
from chatbot.corpus.phrasebank.bank import read_bank
from chatbot.corpus.phrasebank.contrasts import contrast
from chatbot.corpus.phrasebank.stream import names_of
from chatbot.corpus.phrasebank.turns import TurnMaker
from chatbot.evaluation.understanding import history_of
from chatbot.hotels.query import HotelQuery
from chatbot.models.act_lines.constraint import ActConstraint
from chatbot.models.families.act_line import message_of
from chatbot.models.families.act_tokens import END, OP_TOKENS, act_pieces, read_act
from chatbot.models.local import MAX_NEW_TOKENS, LocalModel
from chatbot.understanding.dialogue_state import next_state
from chatbot.understanding.history import context_of
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import COPIED, DROPS, NUMERIC, TurnAct
from tests.conftest import HOTELS
from tests.tiny_models import act_tokenizer, tiny_act_llama

STATES = [
    {},
    {"type": "经济型", "facilities": ["棋牌室", ["温泉", "桑拿"], "能带狗"], "price_range_upper": 300},
    {"near": "故宫", "sort_by": "price", "sort_order": "asc", "exclude": {"type": ["豪华型"], "facilities": ["酒吧"]}},
]
STANDING = {
    **{f"-{key}": key for key in ("type", "name", "address", "subway", "near", "facilities", "exclude")},
    "-price": "price_range_upper", "-rating": "rating_range_lower", "-sort": "sort_by",
}  # fmt: skip
FRAGMENTS = ["三百", "300", "4.5", "500到800", "要", "朝阳", "𠮷野家", "犇羴鱻", "🙂", " ", "_", "Guomao", "棋牌室", "，", "\n", "<|op:-all|>", "<|end|>", "<", "|"]  # fmt: skip
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)


@pytest.fixture(scope="module")
def tokenizer():
    return act_tokenizer()


@pytest.fixture(scope="module")
def constraint(tokenizer):
    return ActConstraint(tokenizer)


def conversation(state, hotels, words):
    """A talk in which the state stands and the hotels were shown."""
    records = [{"name": f"第{k}酒店"} for k in range(hotels)]
    before = [user("…"), call(state), observation(records), reply("…")] if state or hotels else []
    return [*before, user(words)]


def written(constraint, messages, seed):
    """The ids of a line that a model of random weights writes; END is left out."""
    guide, random = constraint.start(messages, []), torch.Generator().manual_seed(seed)
    out = []
    while len(out) < MAX_NEW_TOKENS:
        logits = torch.rand(len(constraint.tokenizer), generator=random)
        guide.mask(logits)
        token = int(logits.argmax())
        assert logits[token] > -torch.inf
        guide.accept(token)
        if token == constraint.ids[END]:
            break
        out.append(token)
    return out


@given(texts, st.sampled_from(STATES), st.integers(0, 4), st.integers(0, 10**6))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_any_line_can_be_read_and_says_only_what_the_dialogue_allows(constraint, words, state, hotels, seed):
    messages = conversation(state, hotels, words)
    ids = written(constraint, messages, seed)
    act = read_act(constraint.tokenizer.decode(ids))
    marks = {constraint.ids[mark] for mark in OP_TOKENS}
    assert len(act.items) == sum(token in marks for token in ids)
    for item in act.items:
        _is_allowed(item, state, hotels, model_words(words))
    _can_be_used(act, messages)


def _is_allowed(item, state, hotels, said):
    if item.op in COPIED:
        assert item.value in said
    if item.op in NUMERIC:
        assert set(re.split(r"\.\.", item.value)) - {""} <= _beginnings(said)
    if item.op in DROPS and item.op != "-all":
        assert item.op == "-price" or item.op in STANDING
        assert state.get(STANDING[item.op]) or (item.op == "-type" and "type" in state.get("exclude", {}))
    if item.op == "-" and item.value:
        assert set(item.value.split("/")) <= {"棋牌室", "温泉", "桑拿", "酒吧"}
    if item.op in ("#", "!#"):
        assert hotels and (not item.value.isdigit() or int(item.value) <= hotels)


def _beginnings(said):
    """The numbers of the words, and what a line that is cut off within one has of it."""
    return {number[:end] for number in re.findall(r"\d+(?:\.\d+)?", said) for end in range(1, len(number) + 1)}


def _can_be_used(act, messages):
    context = context_of(messages[:-1])
    message = message_of(act, context)
    HotelQuery.parse(next_state(context.state, TurnAct.parse(message.act), context.shown))
    if message.call:
        assert context_of([*messages, message]).state == message.call.arguments


def allowed(constraint, state, hotels, words, *tokens):
    """The marks that may follow the given ones."""
    guide = constraint.start(conversation(state, hotels, words), [])
    for token in tokens:
        guide.accept(constraint.ids[token])
    return {text for text, i in constraint.ids.items() if i in guide.allowed()}


REFINE = "<|act:refine|>"


def test_a_line_begins_with_an_act(constraint):
    assert {text[:6] for text in allowed(constraint, {}, 0, "你好")} == {"<|act:"}


@pytest.mark.parametrize(
    ("state", "hotels", "words", "mark", "may"),
    [
        ({}, 0, "三百以内", "<|op:price<=|>", True),
        ({}, 0, "便宜的", "<|op:price<=|>", False),
        ({"type": "经济型"}, 0, "算了", "<|op:-type|>", True),
        ({}, 0, "算了", "<|op:-type|>", False),
        ({"exclude": {"type": ["经济型"]}}, 0, "都行", "<|op:-type|>", True),
        ({"facilities": ["棋牌室"]}, 0, "不用了", "<|op:-|>", True),
        ({"facilities": ["能带狗"]}, 0, "不用了", "<|op:-|>", False),
        ({}, 0, "不用了", "<|op:-|>", False),
        ({}, 2, "第一家", "<|op:#|>", True),
        ({}, 0, "第一家", "<|op:#|>", False),
        ({}, 0, "", "<|op:near=|>", False),
        ({}, 0, "故宫", "<|op:near=|>", True),
    ],
)
def test_an_operator_is_open_only_where_it_makes_sense(constraint, state, hotels, words, mark, may):
    assert (mark in allowed(constraint, state, hotels, words, REFINE)) is may


def test_pointers_end_with_the_hotels_shown(constraint):
    values = allowed(constraint, {}, 2, "最后那家", "<|act:ask_field|>", "<|op:#|>")
    assert values == {"<|v:1|>", "<|v:2|>", "<|v:last|>", "<|v:it|>", "<|v:all|>"}


@pytest.mark.parametrize("words", ["第三家", "the third one", "第3个"])
def test_who_counts_further_than_was_shown_is_taken_at_their_word(constraint, words):
    values = allowed(constraint, {}, 2, words, "<|act:ask_field|>", "<|op:#|>")
    assert "<|v:3|>" in values and "<|v:4|>" not in values


def test_only_facilities_that_stand_can_be_dropped(constraint):
    assert allowed(constraint, {"facilities": ["棋牌室"]}, 0, "不用了", REFINE, "<|op:-|>") == {"<|v:棋牌室|>"}


def test_a_facility_is_wished_for_once_in_a_line(constraint):
    wished = (REFINE, "<|op:+|>", "<|v:健身房|>", "<|op:+|>")
    assert "<|v:健身房|>" not in allowed(constraint, {}, 0, "健身房、泳池", *wished)
    assert "<|v:泳池|>" in allowed(constraint, {}, 0, "健身房、泳池", *wished)


def test_a_facility_is_given_up_once_and_not_asked_for_again_in_the_same_line(constraint):
    state = {"facilities": ["SPA", "棋牌室"]}
    dropped = (REFINE, "<|op:-|>", "<|v:SPA|>")
    assert allowed(constraint, state, 0, "不要按摩了", *dropped, "<|op:-|>") & {"<|v:SPA|>", "<|v:棋牌室|>"} == {
        "<|v:棋牌室|>"
    }
    again = (*dropped, "<|op:+|>", "<|v:SPA|>")
    assert allowed(constraint, state, 0, "按摩或者温泉有一个就行", *again) == {"<|or|>"}
    assert END in allowed(constraint, state, 0, "按摩或者温泉有一个就行", *again, "<|or|>", "<|v:温泉|>")
    both = (*dropped, "<|or|>", "<|v:棋牌室|>")
    assert "<|or|>" in allowed(constraint, state, 0, "都不要了", *dropped)
    assert "<|or|>" not in allowed(constraint, state, 0, "都不要了", *both)  # nothing is left to go on with


def test_of_a_choice_that_is_given_up_one_can_still_be_wished_for(constraint):
    state = {"facilities": [["SPA", "桑拿"]]}
    either = (REFINE, "<|op:-|>", "<|v:SPA|>", "<|or|>", "<|v:桑拿|>")
    assert END in allowed(constraint, state, 0, "只看按摩", *either, "<|op:+|>", "<|v:SPA|>")


@pytest.mark.parametrize(("op", "value"), [("!type=", "经济型"), ("!", "酒吧")])
def test_several_can_be_ruled_out_in_one_line(constraint, op, value):
    found = allowed(constraint, {}, 0, "都不要", REFINE, f"<|op:{op}|>", f"<|v:{value}|>")
    assert {f"<|op:{op}|>", END} <= found


def test_several_names_can_be_ruled_out_in_one_line(constraint):
    guide = constraint.start([user("不要如家不要汉庭")], [])
    for token in (constraint.ids[REFINE], constraint.ids["<|op:!name=|>"], *constraint.encode("如家")):
        guide.accept(token)
    assert {constraint.ids["<|op:!name=|>"], constraint.ids[END]} <= guide.allowed()


def test_one_wish_is_read_as_one_kind_of_wifi_or_breakfast(constraint):
    open_ = allowed(constraint, {}, 0, "无线和早餐", REFINE, "<|op:+|>", "<|v:部分房间提供wifi|>", "<|op:+|>")
    assert not {"<|v:酒店各处提供wifi|>", "<|v:无线|>"} & open_ and {"<|v:宽带上网|>", "<|v:早餐|>"} <= open_


def test_no_name_goes_across_a_mark_of_punctuation(constraint, tokenizer):
    guide = constraint.start([user("麻将,还要泳池")], [])
    for token in (constraint.ids[REFINE], constraint.ids["<|op:name=|>"]):
        guide.accept(token)
    assert tokenizer(",", add_special_tokens=False)["input_ids"][0] not in guide.allowed()
    guide.accept(tokenizer("将", add_special_tokens=False)["input_ids"][0])
    assert tokenizer(",", add_special_tokens=False)["input_ids"][0] not in guide.allowed()
    assert guide.allowed()


def test_a_rare_character_is_copied_whole(constraint, tokenizer):
    guide = constraint.start([user("去𠮷野家")], [])
    for token in (constraint.ids[REFINE], constraint.ids["<|op:near=|>"]):
        guide.accept(token)
    first, *others = tokenizer("𠮷", add_special_tokens=False)["input_ids"]
    assert len(others) == 3 and first in guide.allowed() and not set(others) & guide.allowed()
    guide.accept(first)
    assert guide.allowed() == {others[0]}


def test_a_latin_word_is_copied_whole(constraint, tokenizer):
    guide = constraint.start([user("near xidan please")], [])
    for token in (constraint.ids[REFINE], constraint.ids["<|op:name=|>"]):
        guide.accept(token)
    begun = {tokenizer.decode([token]).strip() for token in guide.allowed()}
    assert begun and all(any(word.startswith(part) for word in ("near", "xidan", "please")) for part in begun)


@pytest.mark.parametrize(
    ("words", "op", "whole"),
    [
        ("朝阳门内大街,停三轮", "address=", {"朝阳门内大街"}),
        ("国家图书馆站附近", "subway=", {"国家图书馆"}),
        ("住枫语胡同旁边", "near=", {"枫语胡同"}),
    ],
)
def test_a_place_is_copied_as_whole_as_it_stands(constraint, tokenizer, words, op, whole):
    found, open_ends = set(), [[]]
    while open_ends:
        value = open_ends.pop()
        guide = constraint.start([user(words)], [])
        for token in (constraint.ids[REFINE], constraint.ids[f"<|op:{op}|>"], *value):
            guide.accept(token)
        allowed = guide.allowed()
        found |= {tokenizer.decode(value).replace(" ", "")} if constraint.ids[END] in allowed else set()
        open_ends += [[*value, token] for token in allowed if token in guide.words]
    assert found == whole


def test_a_known_place_is_no_argument_of_another_kind(constraint):
    guide = constraint.start([user("住故宫附近")], [])
    guide.accept(constraint.ids[REFINE])
    assert constraint.ids["<|op:near=|>"] in guide.allowed() and constraint.ids["<|op:subway=|>"] not in guide.allowed()


def test_a_random_model_of_the_family_always_says_something_that_can_be_used(tmp_path):
    model = LocalModel.load(tiny_act_llama(tmp_path))
    messages = conversation(STATES[1], 3, "换到朝阳，500以内")
    message = model.predict([(messages, [])])[0]
    assert model.acts and message is not None
    _can_be_used(TurnAct.parse(message.act), messages)
    (delta,) = model.generate(messages, [])
    assert delta.message == message


@pytest.mark.parametrize("seed", range(40))
def test_a_question_that_names_a_shown_hotel_is_about_that_one(constraint, seed):
    messages = conversation({"type": "经济型"}, 4, "第2酒店的地址和电话")
    act = read_act(constraint.tokenizer.decode(written(constraint, messages, seed)))
    pointed = [item.value for item in act.items if item.op == "#"]
    if act.act in ("ask_field", "ask_has", "book"):
        assert pointed == ["3"]


def test_of_two_names_of_which_one_holds_the_other_the_longer_is_meant(constraint):
    records = [{"name": "云桥酒店"}, {"name": "云桥酒店二店"}, {"name": "月坛酒店"}]
    before = [user("…"), call({}), observation(records), reply("…")]
    named = [
        constraint.start([*before, user(words)], []).named for words in ("云桥酒店二店电话", "云桥酒店电话", "云桥电话")
    ]
    assert named == [{"2"}, {"1"}, set()]


def test_what_a_training_shows_can_be_written(constraint):
    """Else a model learns lines that its grammar then forbids."""
    maker, rng = TurnMaker(read_bank(part="train"), names_of(HOTELS)), random.Random(9)
    turns = [turn for turn in (maker.from_frame(contrast("zh", rng), rng) for _ in range(300)) if turn.copies]
    forbidden = [turn for turn in turns if not _can_be_written(constraint, turn)]
    assert len(turns) > 250 and len(forbidden) < 0.02 * len(turns)  # places that only look like one of another kind


def _can_be_written(constraint, turn):
    guide = constraint.start(history_of(turn), [])
    for piece in act_pieces(turn.act.ordered()):
        for token in [constraint.ids[piece.token]] if piece.token else constraint.encode(piece.text):
            if token not in guide.allowed():
                return False
            guide.accept(token)
    return True


@pytest.mark.parametrize(
    ("words", "numbers"),
    [("要50米的泳池,800以内", {"800"}), ("a pool of 50 m, 18 years old", set()), ("走2小时 300元", {"300"})],
)
def test_no_length_age_or_duration_is_offered_as_a_price(constraint, words, numbers):
    guide = constraint.start([user(words)], [])
    assert {constraint.tokenizer.decode(ids) for ids in guide.numbers} == numbers
