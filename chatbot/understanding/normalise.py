"""One spelling for what means the same, so that a parser and a model see 300 wherever 三百, 叁佰, 3百 or ３００ was written."""

import re
import unicodedata
from functools import cache

from opencc import OpenCC

from chatbot.understanding.numerals import TO, chinese_digits, english_digits

RATING_WORDS = r"评分|打分|评价|口碑|分数|评级|得分|好评"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]"
)
_VALUE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_K_IS_SIZE = (
    r"\s*(?:屏|电视|画|超?高清|投影|影|分辨|显示|蓝光|tv|projector|screen|display|monitor|hdr|ultra|uhd|video|television|"
    r"smart|run|race|steps|跑|resolution|lamp|led)"
)
_K_SHARED = re.compile(rf"(?<![\w.])(\d(?:\.\d)?)({TO}| to )(?=\d(?:\.\d+)?[kK](?![A-Za-z])(?!{_K_IS_SIZE}))", re.I)
_K = re.compile(rf"(?<![A-Za-z0-9.])(\d{{1,2}}(?:\.\d+)?) ?k(?:(\d)(?!\d))?(?![A-Za-z])(?!{_K_IS_SIZE})", re.I)
_W = re.compile(r"(?<![A-Za-z0-9.])(\d(?:\.\d+)?)w(?![A-Za-z0-9\-])(?!\s*(?:充|快|灯|瓦|的灯))", re.I)
_THOUSANDS = re.compile(r"(?<![\d,.])([1-9]\d?),(\d{3})(?![\d,])")
_SIGNS = {"$": "美元", "US$": "美元", "HK$": "港元", "€": "欧元", "£": "英镑", "¥": "元", "RMB¥": "元", "CN¥": "元"}
_SIGN = re.compile(r"((?:US|HK)?\$|€|£|(?:RMB|CN)?¥)\s?(\d{1,7}(?:\.\d{1,2})?)(?!\d)(?:元|美元|港元|欧元|英镑)?", re.I)
_SIGN_MARKS = frozenset("$€£¥")
_DIGIT = re.compile("[0-9]")
_TIME_BEFORE = re.compile(
    r"(?:上午|下午|早上|晚上|中午|凌晨|傍晚|夜里|[今明早晚午后]|早晨|清晨|号|日|周.|[^评打达够零一二三四五六七八九\d分]到)$"
)
_POINT = re.compile(
    r"(?<![零一二两三四五六七八九十\d点])([零一二三四五])点([零一二三四五六七八九])"
    r"(?=分(?!钟|出发|起床|到|走|飞|的[飞火高车航])|星|以[上下]|左右|上下|往上|之[上下]|及以|[到至~-]|起(?![飞床程])|[，。,.!?、;+]|$|"
    r"的|或|吧|份|不|↑|留|者|朝上|封顶|才|都|就|打底|\s)(?!到[了达店北京])(?!的[飞火高车航])(?!就[到走起出])"
)
_POINT_NAMED = re.compile(
    rf"((?:低于|高于|[不没]到|大于|超过|{RATING_WORDS})[^\d,，。;!?零一二三四五]{{0,3}})([一二三四])点([零一二三四五六七八九])(?![十刻钟分])"
)
_A_LITTLE = re.compile(r"[到个家下起定过直般些]")
_MARKS = re.compile(
    r"(?<![零一二两三四五六七八九十百千万\d点第差])([一二三四五])分(半(?!钟)|[二三四五六七八九](?=[以往左的及起，,。、]|$))?"
    r"(?!之|钟|店|部|熟|钱|天|甜|糖|辣|饱|裤|袖|段|区|院|公司|支|行|局|类|期|享|析|秒|贝|校|馆|价|货|球|力|钱|别(?![低少高]))"
)
_HALF_MARK = re.compile(r"(?<![\d.])([1-4])分半(?!钟)")
_NAMED = re.compile(
    rf"((?:{RATING_WORDS})[^,，。;!?\d一二三四五第这那有家]{{0,6}})([二三四五])(?=分|以|往|及|起|左右|上下|的|就|吧|[，,。!?;、\s]|$|到|至|或|朝)"
)
_UPPER_MARK = re.compile(r"(?<=\d)(到|至|-)([三四五])(?=之间|分|$|[，,。])")


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _traditional() -> tuple[dict[int, str], frozenset[str]]:
    """OpenCC's own table of characters, and the characters whose reading depends on the word they stand in."""
    letters: dict[str, str] = {}
    words: dict[str, str] = {}
    for _, _, table in _converter().dict_cache.values():
        for key, value in table.items():
            (letters if len(key) == 1 else words)[key] = value.split(" ")[0]
    unsure = {a for key, value in words.items() for a, b in zip(key, value, strict=False) if letters.get(a, a) != b}
    return {ord(a): b for a, b in letters.items() if a != b}, frozenset(unsure)


def simplified(text: str) -> str:
    """The text in simplified characters as OpenCC writes them; the whole converter runs only where a word decides."""
    letters, unsure = _traditional()
    for _ in range(4):
        if unsure.isdisjoint(text):
            out = text.translate(letters)
        else:
            out = re.sub(r"[^\W\da-zA-Z]{1,80}", lambda m: _converter().convert(m[0]), text)
        if out == text:
            break
        text = out
    return text


def characters(text: str) -> str:
    """The text in NFKC and simplified characters, without invisible ones; its numerals stay."""
    if text.isascii():
        return text
    text = re.sub(r"([①-⑳⑴-⒛])(?=\S)", r"\1 ", text)
    text = re.sub(r"(?<=[0-9０-９])，(?=[0-9０-９])", ", ", text)
    while True:
        out = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        if out == text:
            return simplified(text)
        text = out


def _k(m: re.Match[str]) -> str:
    return str(round(float(m[1]) * 1000) + int(m[2] or 0) * 100)


def _written(text: str) -> str:
    """1,200 · 1.2k · 1k5 · 1.2w · $80 · ¥300 in plain digits and words."""
    if not _DIGIT.search(text):
        return text
    if "," in text:
        text = _THOUSANDS.sub(r"\1\2", text)
    if "k" in text or "K" in text:
        text = _K_SHARED.sub(lambda m: f"{round(float(m[1]) * 1000)}{m[2]}", text)
        text = _K.sub(_k, text)
    if "w" in text or "W" in text:
        text = _W.sub(lambda m: str(round(float(m[1]) * 10000)), text)
    return text if _SIGN_MARKS.isdisjoint(text) else _SIGN.sub(lambda m: f"{m[2]}{_SIGNS[m[1].upper()]}", text)


def _point(m: re.Match[str]) -> str:
    if _TIME_BEFORE.search(m.string[max(0, m.start() - 3) : m.start()]):
        return m[0]
    if m[2] == "一" and _A_LITTLE.match(m.string[m.end() : m.end() + 1]):
        return m[0]
    return f"{_VALUE[m[1]]}.{_VALUE[m[2]]}"


def _mark(m: re.Match[str]) -> str:
    after = m.string[m.end() : m.end() + 2]
    if m[1] in "一二" and after[:1] not in ("以", "往", "及", "到", "起"):
        return m[0]
    part = "" if not m[2] else ".5" if m[2] == "半" else f".{_VALUE[m[2]]}"
    return f"{_VALUE[m[1]]}{part}分"


def _ratings(text: str) -> str:
    """四点五分 · 四分半 · 四分以上 · 评分不低于四 in digits; hours, minutes and branches keep their words."""
    if "点" in text:
        text = _POINT_NAMED.sub(lambda m: f"{m[1]}{_VALUE[m[2]]}.{_VALUE[m[3]]}", _POINT.sub(_point, text))
    if "分" in text:
        text = _HALF_MARK.sub(r"\1.5分", _MARKS.sub(_mark, text))
    if "评" in text or "分" in text or "口碑" in text:
        text = _NAMED.sub(lambda m: m[1] + str(_VALUE[m[2]]), text)
        text = _UPPER_MARK.sub(lambda m: m[1] + str(_VALUE[m[2]]), text)
    return text


def _once(text: str) -> str:
    text = _written(text)
    if not text.isascii():
        text = _ratings(chinese_digits(text))
    return english_digits(text)


def normalise(text: str) -> str:
    """The text in NFKC and simplified characters, without invisible ones, and with prices and ratings in digits.

    What is no price or rating keeps its words: 一家, 三元桥, 百货, 两晚, 三点到, 五星, "a hundred rooms".
    """
    text = characters(text)
    for _ in range(6):
        out = _once(text)
        if out == text:
            break
        text = out
    return text


_ROUGH = re.compile(r"(?<![\d.\-])(\d{2,5})\s*(多|出头|挂零)(?=[块元]|$|[^\d个家人天晚间米])")


def model_words(text: str) -> str:
    """The normalised words with rough amounts spelled as ranges, so that a model only has to copy: 300多 → 300-400.

    Nothing in them looks like a mark of an act line (<|…|>), so that a copied value cannot be read as one either.
    """

    def spelled(found: re.Match[str]) -> str:
        number = int(found[1])
        step = 100 if found[2] != "多" else 10 ** (len(found[1]) - len(found[1].rstrip("0")))
        step = 10 if number < 100 else step
        return f"{number}-{number + step}"

    return _ROUGH.sub(spelled, re.sub(r"<\|+", "<", normalise(text)))
