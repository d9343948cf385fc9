"""The "look inside" panel of the Chat tab: what the model could have said at each place of its reply, and where it was looking."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.core.messages import Message
from chatbot.core.svg import TEAL
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.ui.chat.state import ChatState
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import errors_shown
from chatbot.ui.shell.forms import WAIT

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from chatbot.models.inside import Inside, OpenModel

TONE, PALE, GREY = TEAL, "rgba(13,148,136,0.4)", "#7b8494"
"""Readable on white and on black: the panel is drawn once for both themes."""
SURETIES = {"inside.sure": TEAL, "inside.likely": "#d97706", "inside.unsure": "#e11d48"}
WIDEST = 20
"""Columns of the map: as many as can be labelled, also on a phone."""
LONGEST = 20
"""Characters of a token in a plot; half as many in the map."""
REFERENCE = re.compile(r"<\|\d+\.\w+\|>")


@dataclass(frozen=True)
class _Panel:
    seen: gr.State
    tokens: gr.HighlightedText
    place: gr.Slider
    candidates: gr.Plot
    looked: gr.Plot
    map: gr.Plot
    results: gr.Column
    references: gr.Markdown


def build_inside(context: PageContext, conversation: gr.State, model: gr.Dropdown) -> None:
    """Lay the panel out inside whatever folds it away. `conversation` holds a ChatState, `model` the id of the model in use."""
    gr.Markdown(label("inside.hint"), elem_classes="quiet")
    with gr.Row(elem_classes="pair"):
        what = gr.Radio(
            [(label("inside.reply"), "reply"), (label("inside.call"), "call")],
            value="reply",
            label=label("inside.what"),
            min_width=170,
        )
        layer = gr.Dropdown([1], value=1, label=label("inside.layer"), min_width=90)
        head = gr.Dropdown([1], value=1, label=label("inside.head"), min_width=90)
    look = gr.Button(label("inside.look"), size="sm")
    panel = _panel()
    handlers = InsideHandlers(context)
    asked = [conversation, model, what, layer, head]
    shown = [panel.results, panel.seen, panel.tokens, panel.references, panel.place, layer, head, panel.map]
    drawn = [panel.candidates, panel.looked]
    for trigger in (look.click, what.input, layer.input, head.input):
        trigger(handlers.look, asked, shown, **WAIT).success(draw_place, [panel.seen, panel.place], drawn, **WAIT)
    panel.tokens.select(clicked_place, None, panel.place, **WAIT).then(
        draw_place, [panel.seen, panel.place], drawn, **WAIT
    )
    panel.place.release(draw_place, [panel.seen, panel.place], drawn, **WAIT)


def _panel() -> _Panel:
    with gr.Column(visible=False, elem_classes="inside") as results:
        gr.Markdown(label("inside.tokens"), elem_classes="head")
        tokens = gr.HighlightedText(show_label=False, container=False, show_legend=True, elem_id="inside-tokens")
        references = gr.Markdown(label("inside.references"), visible=False, elem_classes="quiet")
        place = gr.Slider(1, 2, value=1, step=1, label=label("inside.place"))
        gr.Markdown(label("inside.candidates"), elem_classes="head")
        candidates = gr.Plot(show_label=False, container=False)
        gr.Markdown(label("inside.looked"), elem_classes="head")
        looked = gr.Plot(show_label=False, container=False)
        gr.Markdown(label("inside.map"), elem_classes="head")
        attention = gr.Plot(show_label=False, container=False)
    return _Panel(gr.State(None), tokens, place, candidates, looked, attention, results, references)


class InsideHandlers:
    """What the panel's controls do; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def look(
        self, state: ChatState, model_id: str, what: str, layer: int, head: int, request: gr.Request
    ) -> tuple[Any, ...]:
        """Run the last answer through the model once more, and show what happened."""
        messages = up_to_last(state.messages, what)
        if not messages:
            raise gr.Error(translate(request, "inside.empty"), duration=4, print_exception=False)
        with errors_shown(request):
            model = self.context.model(request, model_id)
            from chatbot.models.inside import (
                OpenModel,
            )  # not before the model is there: transformers breaks when two threads import it at once

            if not isinstance(model, OpenModel):
                raise gr.Error(translate(request, "inside.remote"), duration=6, print_exception=False)
            return draw(look_within(model, messages, layer, head), request)


def up_to_last(messages: Sequence[Message], what: str) -> list[Message]:
    """The conversation up to the model's last reply, or up to its last call; [] where there is none."""
    ends = [i for i, m in enumerate(messages) if m.role == "assistant" and bool(m.call) == (what == "call")]
    return list(messages[: ends[-1] + 1]) if ends else []


def look_within(model: OpenModel, messages: Sequence[Message], layer: int, head: int) -> Inside:
    """As `look_inside`, counted from 1 and cut to what the model has: another model may have fewer layers or heads."""
    from chatbot.models.inside import look_inside

    config = model.model.config
    return look_inside(
        model,
        messages,
        [SEARCH_HOTELS],
        layer=min(layer, config.num_hidden_layers) - 1,
        head=min(head, config.num_attention_heads) - 1,
    )


def draw(seen: Inside, request: gr.Request) -> tuple[Any, ...]:
    """The panel's contents: the tokens, the places, the layers and heads there are, the map."""
    tokens = [
        (readable(token), translate(request, certainty_word(p)))
        for token, p in zip(seen.reply, seen.chosen, strict=True)
    ]
    legend = {translate(request, key): colour for key, colour in SURETIES.items()}
    return (
        gr.update(visible=True),
        seen,
        gr.update(value=tokens, color_map=legend),
        gr.update(visible=any(map(REFERENCE.fullmatch, seen.reply))),
        gr.update(maximum=max(len(seen.reply), 2), value=1),
        gr.update(choices=list(range(1, seen.layers + 1)), value=seen.layer + 1),
        gr.update(choices=list(range(1, seen.heads + 1)), value=seen.head + 1),
        attention_map(seen),
    )


def certainty_word(probability: float) -> str:
    """The word for a token's probability."""
    return "inside.sure" if probability >= 0.9 else "inside.likely" if probability >= 0.5 else "inside.unsure"


def draw_place(seen: Inside | None, place: int) -> tuple[Any, Any]:
    """The two bar charts of one place of the reply, counted from 1."""
    if seen is None:
        return None, None
    at = min(place, len(seen.reply)) - 1
    tokens = [*seen.context, *seen.reply]
    top = sorted(enumerate(seen.attention[at]), key=lambda pair: -pair[1])[:10]
    likely = [(c.token, c.probability) for c in seen.candidates[at]]
    return bars(likely, written=seen.reply[at]), bars(
        [(f"#{i + 1}·{tokens[i]}", share) for i, share in top if share > 0]
    )


def clicked_place(event: gr.SelectData) -> int:
    """The place of the token that was clicked."""
    index = event.index[0] if isinstance(event.index, list | tuple) else event.index
    return int(index) + 1


def readable(token: str) -> str:
    """A token whose spaces and line breaks can be seen."""
    return token.replace("\n", "⏎").replace(" ", "␣")


def _label(token: str, most: int = LONGEST) -> str:
    """A token as Plotly shows it: short, and what looks like markup stays text."""
    shown = readable(token)
    return html.escape(shown if len(shown) <= most else f"{shown[: most - 1]}…", quote=False)


def bars(values: Sequence[tuple[str, float]], written: str | None = None) -> Figure:
    """A horizontal bar chart, the largest on top, with its percentages; where one of the tokens was written, the others are pale."""
    import plotly.graph_objects as plot

    rows = list(range(len(values)))
    shares = [share for _, share in values]
    colours = [TONE if written in (None, token) else PALE for token, _ in values]
    texts = [f"{s:.1%}" if s >= 0.0005 else "<0.1%" for s in shares]
    chart = plot.Bar(
        x=shares,
        y=rows,
        orientation="h",
        marker={"color": colours, "line": {"width": 0}},
        text=texts,
        textposition="outside",
        hoverinfo="skip",
    )
    figure = plot.Figure(chart)
    figure.update_yaxes(tickvals=rows, ticktext=[_label(token) for token, _ in values], autorange="reversed")
    figure.update_xaxes(range=[0, 1.3 * max(shares, default=1)], visible=False)
    return _calm(figure, height=250)


def most_seen(seen: Inside) -> list[int]:
    """The places that any step looked at most, in the order in which they stand."""
    share = [max(column) for column in zip(*seen.attention, strict=True)]
    return sorted(sorted(range(len(share)), key=lambda place: -share[place])[:WIDEST])


def attention_map(seen: Inside) -> Figure:
    """The chosen head's attention: a row for each token of the reply, a column for each token that was looked at most."""
    import plotly.graph_objects as plot

    tokens, columns = [*seen.context, *seen.reply], most_seen(seen)
    names, rows = (
        [_label(token, LONGEST // 2) for token in some] for some in ([tokens[i] for i in columns], seen.reply)
    )
    shares = [[line[i] for i in columns] for line in seen.attention]
    cells = plot.Heatmap(
        z=shares,
        zmin=0,
        zmax=max(map(max, shares)) or 1,
        text=[[f"{row} ← {name}" for name in names] for row in rows],
        hovertemplate="%{text}: %{z:.1%}<extra></extra>",
        colorscale=[[0, "rgba(13,148,136,0.04)"], [1, TONE]],
        showscale=False,
        xgap=1,
        ygap=1,
    )
    figure = plot.Figure(cells)
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=rows, autorange="reversed")
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=names, tickangle=90, tickfont={"size": 10})
    return _calm(figure, height=140 + 18 * len(rows))


def _calm(figure: Figure, *, height: int) -> Figure:
    font = {"color": GREY, "size": 11}
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        font=font,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(automargin=True, showgrid=False, zeroline=False)
    figure.update_yaxes(automargin=True, showgrid=False, zeroline=False)
    return figure
