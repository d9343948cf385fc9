"""Numerals as people say them, so that 六百五, 1千2 and "a hundred and fifty" become digits and 百货, 万豪 and 五道口 stay words."""

import re
from functools import lru_cache
from itertools import pairwise

ONES = "一二两三四五六七八九"
TO = r"\s*(?:-|~|—+|–|〜|至|到)\s*"
MEASURE = (
    r"分之|个|户|人(?!民币|均)|名|位|平(?!均|日|时|分)|公里|千米|公分|厘米|里[地路]|米|号|年|天(?!坛|安|桥|津|通|宁)|日(?![元租均])|间|张|岁|步|种|"
    r"家(?!庭)|路|线|店|度|层|楼|次|条|份(?!起|以|往)|兆|斤|公斤|吨|升|小时|钟头|分钟|秒|页|本|辆|台(?!币)|部|座(?!右)|只(?![有要能想])|"
    r"句|遍|倍|款|项|强|寸|折|周|夜|晚|宿|床|环|站|栋|幢|室|级|代|届|星|[GM](?![A-Za-z])|%|°"
)
"""What is counted or numbered and therefore no price; words that only begin like one (人均, 天坛, 家庭房) are not meant."""
_VALUE = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_FORMAL_RUN = re.compile(r"[壹贰叁肆伍陆柒捌玖][拾佰仟][零壹贰叁肆伍陆柒捌玖拾佰仟万]*")
_WELL_FORMED = re.compile(
    rf"(?:[{ONES}]|[{ONES}]?十[{ONES}]?)?万?零?(?:[{ONES}]千)?零?(?:[{ONES}]百)?零?(?:[{ONES}]?十)?[{ONES}]?"
)
_RUN = re.compile(
    rf"(?<![第几数〇零\d.])(?:\d{{1,2}}(?:\.\d{{1,2}})?(?=[百千万])|(?=[{ONES}十]))[{ONES}零十百千万]+"
    rf"(?:(?<=[千万])\d(?=[百千])[百千][{ONES}零十]*)?(?:(?<=[百千万])(?:\d0?)(?![\d.百千万]|{MEASURE}))?"
)
_NOT_AFTER = re.compile(rf"(?:多|来|余|几)?\s*(?:{MEASURE})")
_MONEY = re.compile(
    r"(?:多|来|几|出头)?\s*(?:块|元(?![桥里村街楼店大立])|美元|美金|美刀|刀|欧元|英镑|港[元币]|人民币|rmb|蚊)", re.I
)
_OWN_MEASURE = re.compile(r"[晚夜天宿间个人位家张]|星|内|下(?!来)")
_SHARED = re.compile(
    rf"(?<![{ONES}十百千万零第\d.])([{ONES}\d])({TO})(?=([{ONES}\d])([百千])(?!{MEASURE}|[{ONES}]?[十百]))"
)
_FORMAL_UNITS = frozenset("拾佰仟")
_MAY_BE_SHORT = re.compile(r"[俩把十]|来块|千元|[过超上破]千")
_MAY_SHARE = re.compile(r"[-~—–〜至到]")
_SHORT = (
    (re.compile(r"俩(?=[百千])"), "两"),
    (
        re.compile(
            rf"(?<![{ONES}几数好\d万])千(?=元(?:以|左右|上下|之?[内下上]|出头|级))|(?<=[过超上破])千(?=[，。,.的元块!?;]|$)"
        ),
        "1000",
    ),
    (re.compile(rf"(?<![{ONES}几数好\d])千(?=[把来]块)"), "1000"),
    (re.compile(rf"(?<![{ONES}几数好\d])百(?=[把来]块)|(?<![{ONES}几数好\d千])百十(?=来?块)"), "100"),
    (re.compile(rf"(?<![{ONES}几数好\d千])百八十(?=块)"), "80-100"),
    (re.compile(r"(?<=\d)把(?=块)"), "来"),
)


@lru_cache(maxsize=4096)
def number(words: str) -> int | None:
    """The value of a Chinese numeral (三百五十, 一千二, 1千2); None for what is none."""
    mixed = re.fullmatch(r"(\d+(?:\.\d+)?)([百千万])(.*)", words)
    if mixed:
        head, unit = float(mixed[1]) * _UNIT[mixed[2]], _UNIT[mixed[2]]
        rest = number(mixed[3]) if mixed[3][1:2] in ("百", "千") else _rest(mixed[3], unit)
        return None if rest is None else round(head + rest)
    if not words or not _WELL_FORMED.fullmatch(words):
        return None
    import cn2an  # the start of the page needs no numeral, and it takes a tenth of a second

    try:
        return int(cn2an.cn2an(words, "smart"))
    except (ValueError, KeyError):  # cn2an has no entry for some tens after tens (十十一万)
        return None


def _rest(words: str, unit: int) -> int | None:
    """What follows a unit: 2 after 千 is 200, 250 stays 250, 二百五 is 250."""
    if not words:
        return 0
    value = int(words) if words.isdigit() and words.isascii() else number(words.removeprefix("零"))
    return value if value is None or len(words) > 1 else value * unit // 10


def _pair(words: str) -> str | None:
    """Two neighbours said at once: 四五百, 一千四五百, 三百五六 → their range; None for anything else."""
    m = re.fullmatch(rf"(.*[百千万])?([{ONES}])([{ONES}])([十百千万]?)", words)
    if not m or _VALUE[m[2]] >= _VALUE[m[3]] or not (m[1] or m[4]):
        return None
    head = number(m[1]) if m[1] else 0
    unit = _UNIT[m[4]] if m[4] else _UNIT[m[1][-1]] // 10
    if head is None or (m[1] and unit >= _UNIT[m[1][-1]]):
        return None
    return f"{head + _VALUE[m[2]] * unit}-{head + _VALUE[m[3]] * unit}"


def _spelled(words: str) -> str | None:
    """A run of numerals in digits: one number, two neighbours, or two numbers side by side (三百五百)."""
    value = number(words)
    if value is not None:
        return str(value)
    pair = _pair(words)
    if pair:
        return pair
    for at in range(2, len(words) - 1):
        low, high = number(words[:at]), number(words[at:])
        if low is not None and high is not None and 100 <= low < high and words[at + 1 : at + 2] in _UNIT:
            return f"{low}-{high}"
    return None


def _digits(m: re.Match[str]) -> str:
    run, after, tail = m[0], m.string[m.end() : m.end() + 5], ""
    if len(run) == 1:
        return run
    for taken, follows in (("千万", "别不要记得"), ("万", "豪寿达怡科丽年佛泉柳"), ("千", "禧"), ("百", "货子度盛姓")):
        if run.endswith(taken) and after[:1] and after[0] in follows:
            run, tail, after = run.removesuffix(taken), taken, ""
    if run[-1:] in "一两二三四五" and len(run) > 2 and not tail and (own := _OWN_MEASURE.match(after)):
        cut = run[-1] in "一两" or own[0] == "星" or (run[-1] in "二三四五" and own[0] in "晚夜天")
        run, tail, after = (run[:-1], run[-1], "") if cut else (run, "", after)
    large = any(unit in run for unit in "百千万")
    if not large and not ("十" in run and _MONEY.match(after)):
        return m[0]
    if _NOT_AFTER.match(after):
        return m[0]
    return (_spelled(run) or run) + tail


def _head(m: re.Match[str]) -> str:
    value = _VALUE.get(m[1]) if m[1] in _VALUE else int(m[1])
    return f"{(value or 0) * _UNIT[m[4]]}{m[2]}"


def chinese_digits(text: str) -> str:
    """The text with Chinese numerals that are prices in digits; counts, names, dates and hours keep their words."""
    if not any(c in text for c in "百千十万佰仟拾"):
        return text
    if not _FORMAL_UNITS.isdisjoint(text):
        text = _FORMAL_RUN.sub(lambda m: m[0].translate(_FORMAL), text)
    if _MAY_BE_SHORT.search(text):
        for pattern, put in _SHORT:
            text = pattern.sub(put, text)
    if _MAY_SHARE.search(text):
        text = _SHARED.sub(_head, text)
    return _RUN.sub(_digits, text)


_SMALL_WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_EN = {word: n for n, word in enumerate(_SMALL_WORDS.split(), 1)} | {
    word: n * 10
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_EN |= {"a": 1, "an": 1}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONE = "one|two|three|four|five|six|seven|eight|nine"
_SMALL = rf"(?:(?:{_TENS})(?:[ -](?:{_ONE}))?|{'|'.join(sorted(_SMALL_WORDS.split(), key=len, reverse=True))})"
_COUNTED = (
    r"[ -]*(?:rooms?|people|guests?|persons?|met(?:er|re)s?|m\b|kms?\b|kilomet|miles?|feet|years?|steps?|"
    r"times|percent|hotels?|"
    r"seats?|hundred|grand|square|channels?|nights?|beds?|stars?|days?|hours?|thousand|million|minutes?|floors?|adults?|kids|square)"
)
_HUNDREDS = re.compile(
    rf"\b(?:(?:an?|{_SMALL}) (?:thousand|grand)(?: (?:and )?{_SMALL} hundred)?|(?:an?|{_SMALL}) hundred)"
    rf"(?: (?:and )?{_SMALL}(?!{_COUNTED}))?\b(?!{_COUNTED})",
    re.I,
)
_EN_SHARED = re.compile(rf"\b({_ONE})( ?- ?| to | or )(?=(?:{_ONE}) (hundred|thousand|grand)\b)", re.I)
_CASH = r" ?(?:yuan|rmb|cny|kuai|bucks?|dollars?)\b"
_SHORT_PRICE = re.compile(
    rf"\b({_ONE}) ({_TENS})(?=(?: (?:a|per|each|every) ?night|{_CASH}))"
    rf"|(?<=\bunder )({_ONE}) ({_TENS})\b(?!{_COUNTED})",
    re.I,
)
_SMALL_CASH = re.compile(rf"\b{_SMALL}(?={_CASH})", re.I)
_POINT = re.compile(rf"\b(three|four|five|two|one) point ({_ONE}|zero|oh)\b", re.I)
_HALF = re.compile(r"\b(three|four) and a half(?= stars?| or (?:better|above|higher)| and up|\+| rating| plus|$)", re.I)
_EN_WORDS = re.compile(r"hundred|thousand|grand|night|under|yuan|rmb|cny|kuai|buck|dollar|point|half", re.I)


def _english_value(words: str) -> int:
    total = part = 0
    for word in re.split(r"[ -]", words.lower()):
        if word in ("thousand", "grand"):
            total, part = total + part * 1000, 0
        elif word == "hundred":
            part *= 100
        else:
            part += _EN.get(word, 0)
    return total + part


def _english_head(m: re.Match[str]) -> str:
    return f"{_EN[m[1].lower()] * (100 if m[3].lower() == 'hundred' else 1000)}{'-' if m[2] == ' or ' else m[2]}"


def _two_parts(m: re.Match[str]) -> str:
    one, ten = (m[1], m[2]) if m[1] else (m[3], m[4])
    return str(_EN[one.lower()] * 100 + _EN[ten.lower()])


def english_digits(text: str) -> str:
    """The text with English number words that are prices or ratings in digits; counts (two beds, a hundred rooms) keep them."""
    if not _EN_WORDS.search(text):
        return text
    text = _EN_SHARED.sub(_english_head, text)
    text = _HUNDREDS.sub(lambda m: str(_english_value(m[0])), text)
    text = _SHORT_PRICE.sub(_two_parts, text)
    text = _SMALL_CASH.sub(lambda m: str(_english_value(m[0])), text)
    text = _POINT.sub(lambda m: f"{_EN[m[1].lower()]}.{_EN.get(m[2].lower(), 0)}", text)
    return _HALF.sub(lambda m: f"{_EN[m[1].lower()]}.5", text)


def ascending(values: list[float]) -> bool:
    """Whether each value is at least the one before."""
    return all(low <= high for low, high in pairwise(values))
