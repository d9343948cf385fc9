"""The phrase bank: what is kept apart stays apart, and an utterance made of a frame does what the frame says."""

import itertools
import json
import random

import pytest

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA
from chatbot.corpus.phrasebank.bank import Bank, is_kept, read_bank
from chatbot.corpus.phrasebank.dialogues import dialogue_turns
from chatbot.corpus.phrasebank.lists import compact_list
from chatbot.corpus.phrasebank.marks import MARK
from chatbot.corpus.phrasebank.turns import TurnMaker
from chatbot.corpus.phrasebank.values import Names, chinese
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.dialogue_state import next_state
from chatbot.understanding.normalise import model_words, normalise
from tests.conftest import HOTELS

WORDINGS = [
    {"facility": "棋牌室", "form": form, "text": "能打麻将", "lang": "zh"} for form in ("np", "vp", "need", "ask")
]


@pytest.fixture(scope="module")
def names():
    return Names.of(HOTELS, json.loads((DATA / "places.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def maker(names):
    """Turns of the part that is trained on."""
    return TurnMaker(read_bank(part="train"), names)


def lines(bank):
    """Every line of a bank by its text; a dialogue by its first."""
    return {row["text"] for row in (*bank.frames, *bank.wordings, *bank.wishes)} | {
        dialogue["turns"][0]["user"] for dialogue in bank.dialogues
    }


def test_train_and_kept_parts_share_no_line_and_leave_none_out():
    train, kept, whole = (lines(read_bank(part=part)) for part in ("train", "kept", "all"))
    assert not train & kept
    assert train | kept == whole
    assert 0.08 < len(kept) / len(whole) < 0.12


def test_no_kept_line_is_drawn_for_training(maker):
    drawn = [row for rows in (*maker.by_act.values(), *maker.by_form.values()) for row in rows]
    assert len(drawn) > 10_000
    assert not any(is_kept(row["text"]) for row in drawn)


def test_a_wish_beside_a_pointer_mostly_comes_after_hotels_that_were_shown(names):
    row = {
        "act": "refine",
        "text": "{which}电话给我，另外要{np1}",
        "set": ["fac1"],
        "drop": [],
        "lang": "zh",
        "field": "phone",
    }
    maker, rng = TurnMaker(Bank([row], WORDINGS, [], [], []), names), random.Random(2)
    shown = [bool(maker.from_frame(row, rng).shown) for _ in range(60)]
    assert 40 < sum(shown) < 60


@pytest.mark.parametrize(
    ("words", "item"),
    [
        ("一分钱一分货，给我好货", "up"),
        ("celebrating, something better", "up"),
        ("分高点的", "sort=rating_desc"),
        ("better rated ones", "sort=rating_desc"),
    ],
)
def test_better_means_ratings_only_where_the_words_do(names, words, item):
    row = {"act": "better", "text": words, "set": [], "drop": [], "lang": "zh"}
    made = TurnMaker(Bank([row], WORDINGS, [], [], []), names).from_frame(row, random.Random(1))
    assert [str(one) for one in made.act.items] == [item]


def test_every_mark_is_filled(maker):
    rng = random.Random(1)
    frames = rng.sample(maker.bank.frames, 600)
    assert {mark for row in frames for mark in MARK.findall(row["text"])} >= {"np1", "vp1", "need1", "hi", "lo", "r", "type", "district", "subway", "sight", "name", "which"}  # fmt: skip
    for row in frames:
        turn = maker.from_frame(row, rng)
        assert not MARK.search(turn.words), row
        assert not any("{" in item.value for item in turn.act.items), row


def test_endless_turns_say_what_they_repeat_and_lead_to_states_that_can_be_searched(maker):
    made, kinds = maker.turns(random.Random(2)), set()
    for turn in (next(made) for _ in range(400)):
        kinds.add(turn.kind)
        assert turn.copies and turn.words == model_words(turn.words)
        HotelQuery.parse(next_state(turn.before, turn.act, turn.shown))
    assert kinds >= {"np", "vp", "need", "unknown", "ask", "request", "refine", "ask_field"}


def test_a_list_in_few_words_holds_all_that_its_line_says(maker):
    rng = random.Random(5)
    for _ in range(60):
        row = compact_list(rng)
        turn = maker.from_frame(row, rng)
        assert turn.copies and "{" not in turn.words
        assert len(turn.act.items) >= len(row["set"]) - 1  # two facilities may be one by chance


def test_a_turn_repeats_places_as_the_words_write_them(names):
    row = {"act": "request", "text": "near {district} pls", "set": ["district"], "drop": [], "lang": "en"}
    made = TurnMaker(Bank([row], WORDINGS, [], [], []), names).turns(random.Random(1))
    for turn in itertools.islice((turn for turn in made if turn.act.values("address=")), 40):
        assert turn.act.values("address=")[0] in turn.words


def test_a_made_up_station_stands_only_where_the_words_say_that_it_is_one(names):
    def stations(text):
        row = {"act": "request", "text": text, "set": ["subway"], "drop": [], "lang": "zh"}
        maker = TurnMaker(Bank([row], WORDINGS, [], [], []), names)
        rng = random.Random(3)
        return {maker.from_frame(row, rng).act.values("subway=")[0] for _ in range(60)}

    assert stations("住{subway}旁边") <= set(names.stations) - {*names.roads, *names.districts, *names.sights}
    assert stations("住{subway}地铁站旁边") - set(names.stations)


@pytest.mark.parametrize(
    ("said", "hotels"),
    [("三家", {"#all"}), ("前两家", {"#1", "#2"}), ("第二家跟第三家", {"#2", "#3"}), ("both", {"#all"})],
)
def test_a_question_may_be_about_several_hotels_at_once(names, said, hotels):
    lang, text = ("en", "Phone of {which}?") if said.isascii() else ("zh", "{which}电话")
    row = {"act": "ask_field", "field": "phone", "text": text, "set": [], "drop": [], "lang": lang}
    maker, rng = TurnMaker(Bank([row], WORDINGS, [], [], []), names), random.Random(4)
    turns = [maker.from_frame(row, rng) for _ in range(6000)]
    found = [
        turn for turn in turns if turn.words.removesuffix("电话").removeprefix("phone of ").rstrip("?").lower() == said
    ]
    assert found
    assert all({str(item) for item in turn.act.items if item.op == "#"} == hotels for turn in found)


@pytest.mark.parametrize(
    ("said", "order"), [("便宜的那家", "price_asc"), ("评分最高的", "rating_desc"), ("最贵的", "price_desc")]
)
def test_a_question_may_be_about_the_best_of_several_hotels(names, said, order):
    row = {"act": "ask_field", "field": "phone", "text": "{which}电话", "set": [], "drop": [], "lang": "zh"}
    maker, rng = TurnMaker(Bank([row], WORDINGS, [], [], []), names), random.Random(4)
    turns = [turn for turn in (maker.from_frame(row, rng) for _ in range(6000)) if turn.words == f"{said}电话"]
    assert turns and {str(turn.act) for turn in turns} == {f"ask_field top:{order} ask:phone #all"}


@pytest.mark.parametrize(
    ("words", "order", "act"),
    [
        ("就便宜的那家，电话", "asc", "top:price_asc ask:phone"),
        ("分高的那家电话", "desc", "top:rating_desc ask:phone"),
        ("最贵那家，评分和电话", "desc", "top:price_desc ask:phone"),
    ],
)
def test_a_hotel_chosen_by_price_or_rating_in_a_dialogue_is_the_best_of_those_shown(names, words, order, act):
    state = {"type": "经济型"}
    turns = [
        {"user": "要经济型的", "state": state, "search": True, "act": "request"},
        {"user": words, "state": state, "search": False, "act": "ask_field", "field": "phone", "order": order},
    ]
    _, asked = dialogue_turns({"turns": turns}, names, random.Random(0))
    assert str(asked.act) == f"ask_field {act} #all" and len(asked.shown) > 1


def test_the_same_seed_makes_the_same_turns(maker):
    one, other = (maker.turns(random.Random(5)) for _ in range(2))
    assert [next(one) for _ in range(20)] == [next(other) for _ in range(20)]


@pytest.mark.parametrize(
    ("act", "text", "set_", "drop", "line"),
    [
        ("request", "找{np1}的", ["fac1"], [], "request +棋牌室"),
        ("refine", "别{vp1}的", ["not_fac1"], [], "refine !棋牌室"),
        ("refine", "除了它", ["not_name"], [], "refine !#it"),
        ("drop", "不用{np1}了", [], ["fac1"], "drop -棋牌室"),
        ("drop", "价格和评分不限", [], ["price", "rating"], "drop -price -rating"),
        ("drop", "不用在那个区", [], ["district"], "drop -address"),
        ("replace", "不要{np1}了，便宜的在前", ["sort=price_asc"], ["fac1"], "replace -棋牌室 sort=price_asc"),
        ("restart", "重新来", [], ["all"], "restart"),
        ("more", "换一批", [], [], "more"),
        ("more", "上一页", [], [], "more prev"),
        ("better", "好点的", [], [], "better up"),
        ("better", "评分高点的", [], [], "better sort=rating_desc"),
        ("ask_has", "有{np1}吗", [], [], "ask_has has:棋牌室"),
        ("thanks", "谢谢", [], [], "thanks"),
    ],
)
def test_the_act_line_of_a_frame_is_what_its_set_and_drop_say(names, act, text, set_, drop, line):
    row = {"act": act, "text": text, "set": set_, "drop": drop, "lang": "zh"}
    turn = TurnMaker(Bank([row], WORDINGS, [], [], []), names).from_frame(row, random.Random(0))
    assert str(turn.act) == line


@pytest.mark.parametrize(
    ("mark", "set_", "op"),
    [
        ("{hi}", "price<=hi", "price<="),
        ("{lo}", "price>=lo", "price>="),
        ("{lo}", "price~lo", "price~"),
        ("{r}", "rating>=r", "rating>="),
        ("{district}", "district", "address="),
        ("{subway}", "subway", "subway="),
        ("{sight}", "sight", "near="),
        ("{name}", "name", "name="),
        ("{name}", "not_name", "!name="),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_the_value_of_a_mark_is_that_of_its_item(names, mark, set_, op, seed):
    row = {"act": "refine", "text": f"要{mark}的", "set": [set_], "drop": [], "lang": "en"}
    turn = TurnMaker(Bank([row], WORDINGS, [], [], []), names).from_frame(row, random.Random(seed))
    (item,) = turn.act.items
    assert item.op == op
    assert turn.words.rstrip("。").lower() == f"要{item.value}的".lower()


@pytest.mark.parametrize("number", [80, 100, 120, 250, 300, 305, 350, 680, 1000, 1050, 1200, 1500, 2300])
def test_a_numeral_that_is_put_in_is_read_as_its_number(number):
    assert normalise(f"{chinese(number)}元") == f"{number}元"


def test_a_dialogues_turns_lead_from_each_written_state_to_the_next(names):
    dialogue = {
        "turns": [
            {"user": "要经济型的", "state": {"type": "经济型"}, "search": True, "act": "request", "about": None},
            {"user": "第二家电话", "state": {"type": "经济型"}, "search": False, "act": "ask_field", "about": "2", "field": "phone"},
            {"user": "三百以内", "state": {"type": "经济型", "price_range_upper": 300}, "search": True, "act": "refine", "about": None},
            {"user": "上一页", "state": {"type": "经济型", "price_range_upper": 300}, "search": False, "act": "more", "about": None},
        ]
    }  # fmt: skip
    turns = list(dialogue_turns(dialogue, names, random.Random(0)))
    assert [str(turn.act) for turn in turns] == [
        "request type=经济型",
        "ask_field ask:phone #2",
        "refine price<=300",
        "more prev",
    ]
    assert [turn.before for turn in turns] == [
        {},
        {"type": "经济型"},
        {"type": "经济型"},
        dialogue["turns"][2]["state"],
    ]
    assert turns[0].shown == () and all(turn.shown for turn in turns[1:])


def test_what_no_state_shows_is_in_the_line_where_a_writer_noted_it_and_else_the_turn_is_left_out(names):
    asked = {"state": {"type": "经济型"}, "search": False, "needs": "电梯列表没有，打电话问"}
    dialogue = {
        "turns": [
            {"user": "经济型，要安静", "state": {"type": "经济型"}, "search": True, "act": "request", "wish": ["安静"]},
            {"user": "有电梯吗", "act": "unsupported", "wish": ["电梯"], **asked},
            {"user": "第一家能泡温泉吗", "act": "ask_has", "about": "1", "has": ["温泉"], **asked},
            {"user": "那电梯呢", "act": "unsupported", **asked},
            {"user": "三百以内，有电梯", "act": "refine", **asked, "state": {"type": "经济型", "price_range_upper": 300}},
        ]
    }  # fmt: skip
    whole = [str(turn.act) for turn in dialogue_turns(dialogue, names, random.Random(0), whole=True)]
    assert whole == ["request type=经济型 ?安静", "unsupported ?电梯", "ask_has has:温泉 #1"]
    every = [str(turn.act) for turn in dialogue_turns(dialogue, names, random.Random(0))]
    assert every == [*whole, "refine price<=300"]


def test_a_broken_line_is_refused_by_file_and_number(tmp_path):
    (tmp_path / "a.utterances.jsonl").write_text('{"act": "thanks", "text": "谢谢"}\n{"act":\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.utterances\.jsonl.*2"):
        read_bank(tmp_path)


def test_a_folder_without_a_bank_is_refused(tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        read_bank(tmp_path)
