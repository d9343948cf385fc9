"""Takes wishes that point outside the hotel domain (在天坛周边的酒店里…) out of an utterance, since no search argument can hold them."""

import re

SOURCE = r"(?:这家|这个|该|那家|那个|这|那)?(?:景点|餐馆|餐厅|饭店|公园)"
POINTERS = r"(?:这些|那些|这几个|这几家|上面的?这些|几个|几家)"
INSIDE = r"(?:酒店)?(?:里面|里边|当中|之中|里|中)"
LEFT = re.compile(r"周边|附近|周围|旁边|这些|那些|这几|id=|景点中|它们")


def mentions_elsewhere(text: str) -> bool:
    """Whether words still point to another place."""
    return bool(LEFT.search(text))


def _clause(source: str) -> re.Pattern[str]:
    where = rf"(?:{re.escape(source)}|{SOURCE})" if source else SOURCE
    return re.compile(
        rf"(?P<prep>在|从|去|到)?就?在?(?:{where}|{POINTERS})?的?{POINTERS}?(?:周边|附近|周围)的?{POINTERS}?(?P<inside>{INSIDE})?(?P<comma>，)?"
        rf"|(?P<prep2>在)?{POINTERS}(?:酒店)?(?:里面|里边|当中|之中|里|中)的?(?P<comma2>，)?"
    )


def cut_nearby(text: str, source: str = "") -> str | None:
    """The utterance without its clause about another place; None where something of it would be left.

    Args:
        text: the user's words.
        source: the attraction or restaurant that the annotated state names, "" where none.
    """

    def kept(match: re.Match[str]) -> str:
        return (match["prep"] or "") if match.string.startswith("酒店", match.end()) else ""

    out = _clause(source).sub(kept, text)
    out = re.sub(r"([，。！？])[，]+", r"\1", out).strip("， ")
    return None if mentions_elsewhere(out) or (source and source in out) or len(out) < 6 else out
