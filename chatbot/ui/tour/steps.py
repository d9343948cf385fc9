"""The tour's five stops as HTML: each is drawn from a shipped artefact, so that there is nothing to wait for and nothing made up."""

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import Any

from chatbot.core import svg
from chatbot.core.events import Metrics, read_events
from chatbot.core.messages import Conversation, call
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.chips import RANGES, TEXTS, chips_of
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.study import Study
from chatbot.ui.chat.hotel_words import facility_words, type_words
from chatbot.ui.data.review.card import marked
from chatbot.ui.i18n.translate import in_language, translate
from chatbot.ui.shell.html import para, quiet

STEPS = ("rewrite", "learn", "measure", "compare", "try")
REWRITE, COMPARED = "selfplay-1-1492-spoken", "selfplay-1-634"
"""The conversations that two stops show; a test holds that they are shipped and still show what is said of them."""
RECORD = DATA / "lesson" / "finetune"
WIDE, HIGH, LEFT, BOTTOM = 560, 210, 44, 178
Point = tuple[int, float]


def draw(step: int, who: Any) -> str:
    """A stop of the tour, counted from 1: where one is, what it says, and the picture."""
    name = STEPS[step - 1]
    pictures: dict[str, Callable[[Any], str]] = {
        "rewrite": _rewrite,
        "learn": _learn,
        "measure": _measure,
        "compare": _compare,
        "try": lambda who: "",
    }
    marks = "".join(f'<i class="{"now" if at < step else ""}"></i>' for at in range(len(STEPS)))
    told = translate(who, "tour.at", n=step, of=len(STEPS))
    return (
        f'<section class="tour" data-step="{step}" aria-live="polite"><p class="at"><span>{told}</span>'
        f'<span class="marks" aria-hidden="true">{marks}</span></p><h2>{translate(who, f"tour.{name}.title")}</h2>'
        f"{para('lead', translate(who, f'tour.{name}.text'))}{pictures[name](who)}</section>"
    )


@cache
def pair() -> tuple[Conversation, Conversation]:
    """The shipped conversation that was rewritten, and the rewrite."""
    found = {c.id: c for c in read_conversations(DATA / "conversations" / "train.jsonl")}
    rewritten = found[REWRITE]
    return found[rewritten.source], rewritten


@cache
def study() -> Study:
    """The shipped study of the base and the tuned model."""
    return Study.load(DATA / "studies" / "hotel-mini")


@cache
def recorded() -> list[Point]:
    """Wishes understood (slot F1) at each checkpoint of the recorded fine-tuning, as (step, share)."""
    points = ((e.step, e.figures.get("eval_slot_f1")) for e in read_events(RECORD) if isinstance(e, Metrics))
    return sorted({step: (step, value) for step, value in points if value is not None}.values())


def _rewrite(who: Any) -> str:
    before, after = (conversation.messages[0].content for conversation in pair())
    boxes = [("before", marked(before, after, added=False)), ("after", marked(after, before, added=True))]
    halves = "".join(
        f'<div class="half"><h3>{translate(who, f"tour.rewrite.{name}")}</h3><p lang="zh-CN">{text}</p></div>'
        for name, text in boxes
    )
    return f'<div class="halves">{halves}</div>{quiet(translate(who, "tour.rewrite.told"))}'


def _learn(who: Any) -> str:
    return recorded_curve(who) + quiet(translate(who, "tour.learn.then"))


def recorded_curve(who: Any) -> str:
    """The recorded training as a curve, with a sentence of what it is."""
    points = recorded()
    told = translate(who, "tour.learn.told", before=points[0][1], after=points[-1][1], steps=points[-1][0])
    drawn = curve(points, translate(who, "tour.learn.axis"), translate(who, "tour.learn.unit"))
    return f"<figure>{drawn}</figure>{quiet(escape(told))}"


def curve(points: Sequence[Point], name: str, unit: str) -> str:
    """Shares over steps (in a unit) on an axis from 0 to 100 %, the first and the last with their value."""
    across, up = svg.Scale(0, max(points[-1][0], 1), LEFT, WIDE - 56), svg.Scale(0, 1, BOTTOM, 12)
    grid = [
        svg.rule(LEFT, up(v), WIDE, up(v)) + svg.text(LEFT - 6, up(v) + 4, f"{v:.0%}", anchor="end", size=12)
        for v in up.ticks(4)
    ]
    places = [(across(step), up(share)) for step, share in points]
    ends = [svg.text(x, y - 10, f"{share:.0%}", anchor="middle", size=14) for (x, y), share in (
        (places[0], points[0][1]), (places[-1], points[-1][1]))]  # fmt: skip
    steps = [svg.text(across(step), HIGH - 8, str(step), anchor="middle", size=12) for step, _ in points]
    dots = [svg.circle(x, y, 3.5, svg.TEAL) for x, y in places]
    steps.append(svg.text(WIDE, HIGH - 8, unit, anchor="end", size=12))
    return svg.drawing(WIDE, HIGH, *grid, svg.stroke(places, svg.TEAL, 2.4), *dots, *ends, *steps, name=name)


def _measure(who: Any) -> str:
    found = study()
    (first, last), counts = (figure["counts"] for figure in found.figures), found.figures[-1]["counts"]
    tiles = [
        ("searches", first["calls_right"], last["calls_right"], counts["calls_gold"]),
        ("acts", first["acts_right"], last["acts_right"], counts["turns"]),
        ("grounded", first["replies_grounded"], last["replies_grounded"], counts["replies_predicted"]),
    ]
    drawn = "".join(
        f'<div class="tile"><span>{translate(who, f"tour.measure.{name}")}</span><b>{after / of:.0%}</b>'
        f"<small>{translate(who, _tile_key(name, before, after), after=after, before=before, of=of)}</small></div>"
        for name, before, after, of in tiles
    )
    low, high = found.figures[-1]["intervals"]["call_exact"]
    told = translate(who, "tour.measure.told", n=counts["dialogues"], low=low, high=high)
    return f'<div class="tiles">{drawn}</div>{quiet(told)}'


def _tile_key(name: str, before: int, after: int) -> str:
    return f"tour.measure.{name}.{'same' if name == 'acts' and before == after else 'of'}"


def compared() -> tuple[str, Prediction, Prediction]:
    """The sentence that both models were told, and what each made of it."""
    found = study()
    said = next(c for c in found.conversations if c.id == COMPARED).messages[0].content
    first, last = (next(r for r in found.rows(at) if r.id == COMPARED and r.turn == 1) for at in (0, 1))
    return said, first, last


def _compare(who: Any) -> str:
    said, first, last = compared()
    sides = "".join(_side(name, row, who) for name, row in (("base", first), ("tuned", last)))
    return f'<blockquote lang="zh-CN">{escape(said)}</blockquote><div class="halves">{sides}</div>'


def _english(chip: str) -> str:
    """A chip of a type, a facility, a price or a rating: 设施 中式餐厅, Chinese restaurant."""
    kind, _, value = chip.partition(" ")
    if value:
        return type_words(value, "en") if kind == TEXTS["type"] else facility_words(value, "en")
    field = next(field for field, name in RANGES.items() if chip.startswith(name))
    return chip.replace(RANGES[field], translate("en", f"slots.{field.removesuffix('_range')}") + " ")


def _side(name: str, row: Prediction, who: Any) -> str:
    """One model's wishes as chips: met ones green, missed ones red and struck through, ones that nobody said red."""
    gold, heard = (chips_of(call(arguments or {})) for arguments in (row.gold_call, row.predicted_call))
    kinds = [(chip, "met" if chip in heard else "missed") for chip in gold]
    kinds += [(chip, "wrong") for chip in heard if chip not in gold]
    lang = in_language(who, ("zh-CN", "en"))
    items = "".join(
        f'<li class="{kind}" lang="{lang}"><i>{translate(who, f"tour.compare.{kind}")}</i>{escape(in_language(who, (chip, _english(chip))))}</li>'
        for chip, kind in kinds
    )
    right = sum(kind == "met" for _, kind in kinds)
    told = translate(who, "tour.compare.heard", right=right, of=len(gold))
    return f'<div class="half"><h3>{translate(who, f"tour.compare.{name}")}</h3><ul class="heard">{items}</ul>{quiet(told)}</div>'
