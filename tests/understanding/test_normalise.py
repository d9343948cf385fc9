"""Claims about one spelling for one meaning: amounts in digits, simplified characters, everything else as it was."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from chatbot.understanding.normalise import model_words, normalise, simplified

SAME = """2千=2000|1,200元=1200元|1.2k=1200|1.5k=1500|1k5=1500|1千2=1200|1千2百=1200|1万2=12000|3百5=350|伍佰=500|叁佰元=300元|六百五=650|一千二=1200|
两百五=250|俩百=200|四五百=400-500|三四百块=300-400块|三五百=300-500|一千四五百=1400-1500|五百到八百之间=500到800之间|三到五百=300到500|
一千二到一千五=1200到1500|三百一晚=300一晚|三百五一晚=350一晚|六百五星=600五星|三百多=300多|一千出头=1000出头|两千零五十=2050|千把块=1000来块|
四点五分=4.5分|四分半=4.5分|四分以上=4分以上|四点五以上=4.5以上|$80=80美元|¥300=300元|八十块=80块|三百塊錢以內=300块钱以内|
評分四點五以上=评分4.5以上|３００元=300元|three hundred=300|five hundred=500|a hundred and fifty=150|twelve hundred=1200|
one thousand two hundred=1200|five or six hundred=500-600|four point five=4.5|under 900 a night=under 900 a night|五百千万别超=500千万别超|三\u200b百\u202e元=300元"""

KEPT = """一家|第一家|三元桥|五道口|七天酒店|十里河|百子湾|千禧|万豪|三张床|两个人|两晚|三点到|下午三点|12月3号|第二|一下|一百分之|二十四小时|13800138000|
010-88886666|三星|四星|五星|八角|六里桥|双井|万寿路|一般|万一|千万别|百货|一百个人|三百平|五分钟|三分之一|四点五分出发|三点二十|4K电视|几百|百度|
a hundred rooms|twenty-four hour|two beds|for one night"""
NUMERAL_LIKE = (
    "〇零一二两三四五六七八九十百千万壹伍拾佰仟点分半到至-~多来块元以内上晚间个第几评k1205.,$¥ 零两 hundredfive"
)


@pytest.mark.parametrize("pair", SAME.replace("\n", "").split("|"))
def test_an_amount_is_written_in_digits(pair):
    said, plain = pair.split("=")
    assert normalise(said) == plain


@pytest.mark.parametrize("words", KEPT.replace("\n", "").split("|"))
def test_what_is_no_amount_stays_as_it_is(words):
    assert normalise(words) == words


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("三百多的", "300-400的"),
        ("1200多块", "1200-1300块"),
        ("350多", "350-360"),
        ("一千多的", "1000-2000的"),
        ("两千多块", "2000-3000块"),
        ("一万多", "10000-20000"),
        ("九十多块", "90-100块"),
        ("三百出头", "300-400"),
        ("一千五出头的", "1500-1600的"),
        ("五十多个", "五十多个"),
        ("<|user|>你好", "<user|>你好"),
    ],
)
def test_what_a_model_reads_spells_rough_amounts_as_ranges_and_holds_no_marks(words, plain):
    assert model_words(words) == plain


def test_a_full_width_comma_between_numbers_joins_nothing():
    assert normalise("选1，200元以内") == "选1, 200元以内"


@pytest.mark.parametrize("words", ["一目瞭然的標誌", "乾淨的房間", "回覆我的電話", "乾隆年間", "臺灣飯店有沒有停車場"])
def test_characters_are_simplified_as_opencc_does(words):
    assert simplified(words) == OpenCC("t2s").convert(words)


@settings(max_examples=400, deadline=None)
@given(st.text() | st.text(NUMERAL_LIKE, max_size=30))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.benchmark
def test_an_utterance_takes_less_than_50_microseconds():
    words = "三百块钱以内的高档酒店评分四点五分以上有停车场游泳池吗谢谢你"
    normalise(words)
    spent = []
    for _ in range(30):
        start = time.process_time()
        for _ in range(50):
            normalise(words)
        spent.append((time.process_time() - start) / 50)
    assert min(spent) < 50e-6
