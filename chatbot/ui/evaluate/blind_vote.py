"""Blind comparison in the Evaluate tab: two models answer the same words, unnamed until a person has voted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from random import SystemRandom
from typing import Any

import gradio as gr

from chatbot.core.errors import ModelError
from chatbot.core.messages import Message
from chatbot.corpus.review.kept import VOTES
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.compare import turn_difference
from chatbot.evaluation.reporting.votes import Vote, read_votes, record_vote, shuffle, standings
from chatbot.ui.chat.slot_form import slots_html
from chatbot.ui.evaluate.tables import figures_table
from chatbot.ui.i18n.translate import label, language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import errors_shown
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.html import cells, quiet

SIDES = ("left", "right")


@dataclass(frozen=True)
class DuelTurn:
    """What was said, and the answers of the left and of the right model."""

    text: str
    answers: tuple[TurnEvent, TurnEvent]


@dataclass(frozen=True)
class Duel:
    """Two models in one conversation."""

    left: str
    right: str
    turns: tuple[DuelTurn, ...] = ()

    def messages(self, side: int) -> list[Message]:
        """The conversation as one side knows it."""
        return [message for turn in self.turns for message in turn.answers[side].messages]


def build_vote(context: PageContext) -> gr.Dropdown:
    """Lay the panel out and wire it; returns the picker of models, which the tab fills."""
    handlers, duel = VoteHandlers(context), gr.State(None)
    with gr.Accordion(label("vote.title"), open=False, elem_id="vote"):
        models = gr.Dropdown([], label=label("vote.models"), multiselect=True, max_choices=2)
        with gr.Row():
            text = gr.Textbox(
                placeholder=label("vote.say"),
                show_label=False,
                container=False,
                max_length=2000,
                scale=6,
                elem_id="vote-say",
                min_width=120,
            )
            ask = gr.Button(label("vote.ask"), variant="primary", scale=1, min_width=110)
        with gr.Row(elem_classes="duel"):
            answers = [gr.HTML(padding=False, elem_classes="answer") for _ in SIDES]
        with gr.Row():
            buttons = [
                gr.Button(label(f"vote.{name}"), size="sm", min_width=80, interactive=False)
                for name in ("left", "tie", "right")
            ]
        shown = gr.HTML(padding=False)
    gr.on(
        [ask.click, text.submit], handlers.ask, [text, models, duel], [duel, text, *answers, *buttons, shown], **QUIET
    )
    for name, button in zip(("left", "tie", "right"), buttons, strict=True):
        button.click(getattr(handlers, name), duel, [duel, *buttons, shown], **QUIET)
    return models


class VoteHandlers:
    """What the panel's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def ask(self, text: str, models: list[str], duel: Duel | None, request: gr.Request) -> Iterator[list[Any]]:
        """Let both models answer; the same two stay on their sides until the vote."""
        with errors_shown(request):
            left, right = (
                (duel.left, duel.right)
                if duel and {duel.left, duel.right} == set(models)
                else shuffle(models, SystemRandom())
            )
            duel = duel if duel and (duel.left, duel.right) == (left, right) else Duel(left, right)
            yield [duel, "", *[_thinking(request)] * 2, *_buttons(False), ""]
            answers = self._answer(duel, 0, text, request), self._answer(duel, 1, text, request)
            duel = replace(duel, turns=(*duel.turns, DuelTurn(text, answers)))
        yield [duel, "", *(side_html(duel, side, request) for side in (0, 1)), *_buttons(True), ""]

    def _answer(self, duel: Duel, side: int, text: str, request: gr.Request) -> TurnEvent:
        agent = self.context.agent(
            self.context.model(request, (duel.left, duel.right)[side]), self.context.store(request)
        )
        *_, last = agent.turn(duel.messages(side), text)
        if not isinstance(last, TurnEvent):
            raise ModelError("ui.unfinished_answer")
        return last

    def left(self, duel: Duel, request: gr.Request) -> list[Any]:
        """The left answer is better."""
        return self._vote(duel, "left", request)

    def tie(self, duel: Duel, request: gr.Request) -> list[Any]:
        """Neither is better."""
        return self._vote(duel, "tie", request)

    def right(self, duel: Duel, request: gr.Request) -> list[Any]:
        """The right answer is better."""
        return self._vote(duel, "right", request)

    def _vote(self, duel: Duel, choice: Any, request: gr.Request) -> list[Any]:
        path = self.context.settings.workspace / VOTES
        vote = Vote(duel.left, duel.right, choice, duel.turns[-1].text, getattr(request, "username", None) or "")
        if self.context.may(request, "annotator"):
            record_vote(path, vote)
        votes = read_votes(path) if self.context.may(request, "annotator") else [vote]
        return [None, *_buttons(False), reveal(duel, request) + standings_html(standings(votes), request)]


def _buttons(on: bool) -> list[Any]:
    return [gr.update(interactive=on)] * 3


def _thinking(who: Any) -> str:
    return quiet(translate(who, "vote.thinking"))


def side_html(duel: Duel, side: int, who: Any) -> str:
    """One side's conversation, its last state and hotels."""
    said = "".join(
        f"<p><b>{translate(who, 'evaluate.user')}</b> {escape(turn.text)}</p><p>{escape(turn.answers[side].reply)}</p>"
        for turn in duel.turns
    )
    last = duel.turns[-1].answers[side]
    names = "、".join(escape(str(record["name"])) for record in last.records) or "—"
    return said + slots_html(last.query, last.query, who) + quiet(translate(who, "vote.hotels", names=names))


def reveal(duel: Duel, who: Any) -> str:
    """Who was who, and how their understanding and hotels differ."""
    found = turn_difference(*duel.turns[-1].answers)
    lines = [
        translate(
            who, "vote.was", **{side: f"<b>{escape(labels.model_name(getattr(duel, side)))}</b>" for side in SIDES}
        )
    ]
    if found["same_state"]:
        lines.append(translate(who, "vote.same"))
    for side, key in (("l", "only_first"), ("r", "only_second")):
        if found[key]:
            lines.append(
                translate(
                    who,
                    "vote.only",
                    side=translate(who, f"vote.{side}"),
                    slots=escape("，".join(_slot(text, who) for text in found[key])),
                )
            )
    if found["common_hotels"]:
        lines.append(translate(who, "vote.common", names=escape("、".join(found["common_hotels"]))))
    return "".join(f"<p>{line}</p>" for line in lines)


def _slot(text: str, who: Any) -> str:
    """A slot as `turn_difference` names it, in words."""
    name, _, value = text.partition("=")
    return f"{labels.label(labels.SLOTS, name, language(who))} {value}"


def standings_html(rows: Sequence[dict[str, Any]], who: Any) -> str:
    """All votes so far."""
    head = (translate(who, f"vote.{name}") for name in ("first", "second", "wins", "rate"))
    return figures_table(head, (cells(_row(row)) for row in rows))


def _row(row: dict[str, Any]) -> list[str]:
    names = [escape(labels.model_name(row[side])) for side in ("first", "second")]
    return [*names, f"{row['first_wins']} / {row['second_wins']} / {row['ties']}", _rate(row)]


def _rate(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return "—" if row["win_rate"] is None else f"{row['win_rate']:.0%} ({low:.0%} – {high:.0%})"
