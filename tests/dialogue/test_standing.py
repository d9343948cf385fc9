"""What is said where a place was lost or wishes stand as they stood: where the hotels lie instead, what they lack, what is searched by."""

import re

import pytest

from tests.dialogue.test_compose import LANGUAGES, SEEDS, A, B, C, said

BESIDE = A | {"address": "北京朝阳区望京西路1号", "subway": "阜通地铁站A口"}


@pytest.mark.parametrize("seed", SEEDS)
def test_hotels_next_to_a_place_that_was_lost_are_told_by_where_they_lie(seed):
    near = {"near": "望京医院", "price_range_upper": 400}
    asked = {"act": "request", "after": near, "searched": True, "seed": seed}
    text = said(records=(BESIDE, BESIDE | {"name": "远山宾馆"}), relaxed=("near",), **asked).text
    assert re.search(r"望京医院附近没(?:有|查到)合适的.*(?:近处|就近).*阜通、400元以内", text)
    assert "远近" not in text and "没写" not in text
    lacking = said(
        records=(BESIDE,), relaxed=("near", "facilities:桑拿"), **asked | {"after": near | {"facilities": ["桑拿"]}}
    )
    assert "不要求桑拿、不限望京医院附近" in lacking.text and "阜通" in lacking.text


def test_hotels_elsewhere_in_the_district_are_not_called_near():
    text = said(act="request", records=(A, BESIDE), after={"near": "望京医院"}, searched=True, relaxed=("near",)).text
    assert "朝阳区" in text and not re.search("近处|就近", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_yes_to_a_hotel_that_lacks_a_wish_is_told_what_it_lacks(seed, language):
    pool = {"act": "affirm", "after": {"facilities": ["室内游泳池"]}, "seed": seed, "language": language}
    lacking = {"zh": "室内游泳池", "en": "indoor pool"}[language]
    assert lacking in said(records=(A, B), **pool).text and lacking in said(records=(C,), **pool).text
    assert lacking not in said(records=(B,), **pool).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_hotels_are_not_shown_again_as_if_they_met_all(seed, language):
    same = {"act": "refine", "seed": seed, "language": language}
    short = said(records=(A, B), after={"facilities": ["棋牌室"], "price_range_upper": 500}, **same).text
    assert {"zh": "棋牌室", "en": "mahjong"}[language] in short and "500" in short
    assert not re.search("满足|meet", said(records=(A,) * 2, after={"facilities": ["棋牌室"]}, **same).text)


def test_a_place_that_was_lost_is_not_told_again_with_a_yes():
    text = said(act="affirm", records=(A,), after={"near": "望京医院", "type": "经济型"}).text
    assert "望京" not in text and "满足" not in text


@pytest.mark.parametrize(("language", "heard"), [("zh", "经济型"), ("en", "economy")])
def test_who_complains_is_told_what_is_searched_by(language, heard):
    texts = [said(act="complaint", after={"type": "经济型"}, seed=seed, language=language).text for seed in SEEDS]
    assert all(heard in text for text in texts)
    assert all(heard not in said(act="complaint", after={}, seed=seed, language=language).text for seed in SEEDS)


@pytest.mark.parametrize("field", ["price", "rating", "subway", "address"])
def test_one_question_is_answered_without_what_was_not_asked(field):
    texts = {said(act=f"ask_field ask:{field} #1", seed=seed).text for seed in SEEDS}
    others = {"price": "300", "rating": "4.5", "subway": "三元桥", "address": "甲路", "phone": "010"}
    shown = others.pop(field)
    assert all(shown in text and not any(other in text for other in others.values()) for text in texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_yes_to_a_list_is_asked_which_hotel_it_is_about_and_a_yes_to_one_is_not(language):
    listed = [said(act="affirm", spoken=False, language=language, seed=seed).text for seed in SEEDS]
    assert not [text for text in listed if A["phone"] in text or A["name"] in text]
    assert A["name"] in said(act="affirm", records=(A,), spoken=False, language=language).text
    assert A["name"] in said(act="affirm", spoken=True, language=language).text


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "延庆区.*一家也没有|一家酒店也没有"), ("en", "no hotel at all in Yanqing")]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_district_without_any_hotel_is_said_to_have_none(seed, language, told):
    lost = {"act": "request", "after": {"near": "八达岭长城"}, "searched": True, "relaxed": ("near",), "seed": seed}
    text = said(records=(A, B), unlisted="延庆区", language=language, **lost).text
    assert re.search(told, text) and "合适" not in text
    assert not re.search(told, said(records=(A, B), language=language, **lost).text)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_answered_by_its_facility_is_not_called_unknown_beside_it(seed):
    washed = A | {"facilities": ["洗衣服务"]}
    assert "洗衣做" not in said(act="ask_has has:洗衣服务 ?洗衣做 #1", records=(washed,), seed=seed).text
    assert "熨烫" in said(act="ask_has has:洗衣服务 ?熨烫 #1", records=(washed,), seed=seed).text
