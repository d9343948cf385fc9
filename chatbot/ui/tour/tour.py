"""两分钟看懂: the tour takes the place of the tabs, stop by stop, has its address, and ends in the conversation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from chatbot.ui.i18n.translate import label
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.tour.steps import STEPS, draw

ADDRESS = """(step) => {
  const query = new URLSearchParams(location.search);
  if (step) query.set("tour", step); else query.delete("tour");
  history.replaceState(null, "", query.size ? "?" + query : location.pathname);
  const wanted = step === 0 ? "#tour-open" : step < LAST ? "#tour-next" : "#tour-say :is(textarea, input)";
  const focus = (left) => {
    const node = document.querySelector(wanted);
    if (node && node.offsetParent) node.focus(); else if (left) setTimeout(focus, 50, left - 1);
  };
  focus(100);
  return [];
}""".replace("LAST", str(len(STEPS)))
"""Keeps the address at the stop, and the focus where one goes on."""


@dataclass(frozen=True)
class Tour:
    """The tour on the page.

    Attributes:
        opener: the button that begins it.
        asked: (trigger, source) of the sentence that its last stop asks for, which the Chat tab answers.
    """

    opener: gr.Button
    box: gr.Column
    step: gr.Number
    shown: gr.HTML
    back: gr.Button
    on: gr.Button
    leave: gr.Button
    own: gr.Row
    say: gr.Textbox
    go: gr.Button

    @property
    def asked(self) -> list[tuple[Callable[..., Any], gr.Textbox]]:
        """What sends the last stop's sentence."""
        return [(self.say.submit, self.say), (self.go.click, self.say)]

    @property
    def drawn(self) -> list[Any]:
        """In the order of what `at` returns."""
        return [self.step, self.box, self.shown, self.back, self.on, self.own]


def opener() -> gr.Button:
    """The button in the header that begins the tour."""
    return gr.Button(label("tour.open"), size="sm", elem_id="tour-open", min_width=110)


def build_tour(begin: gr.Button) -> Tour:
    """Lay the tour out, hidden; `wire` makes it move once the tabs are there."""
    with gr.Column(visible=False, elem_id="tour") as box:
        shown = gr.HTML(padding=False, elem_id="tour-shown")
        with gr.Row(visible=False, elem_classes="say") as own:
            say = gr.Textbox(
                "想找个能喊我起床、有地方健身的经济型酒店", label=label("tour.say"), max_length=2000, scale=8,
                elem_id="tour-say", min_width=120,
            )  # fmt: skip
            go = gr.Button(label("tour.go"), variant="primary", min_width=120, scale=1, elem_id="tour-go")
        with gr.Row(elem_classes="tour-keys"):
            leave = gr.Button(label("tour.leave"), elem_id="tour-leave", min_width=80, scale=0)
            back = gr.Button(label("tour.back"), elem_id="tour-back", min_width=80, scale=0)
            on = gr.Button(label("tour.next"), variant="primary", elem_id="tour-next", min_width=140, scale=0)
    return Tour(begin, box, gr.Number(0, visible=False, precision=0), shown, back, on, leave, own, say, go)


def wire(tour: Tour, page: gr.Blocks, strip: gr.Tabs) -> None:
    """Make the tour move; what its last stop asks goes on in the Chat tab."""

    def moved(trigger: Callable[..., Any], to: Callable[[int], int]) -> None:
        def listen(step: int | None, request: gr.Request) -> list[Any]:
            return at(to(step or 0), request)

        trigger(listen, tour.step, tour.drawn, **QUIET).then(None, tour.step, None, js=ADDRESS, **QUIET)

    moved(tour.opener.click, lambda step: 1)
    moved(tour.on.click, lambda step: step + 1)
    moved(tour.back.click, lambda step: step - 1)
    moved(tour.leave.click, lambda step: 0)
    for trigger, _ in tour.asked:
        moved(trigger, lambda step: 0)
        trigger(lambda: gr.Tabs(selected="chat"), None, strip, **QUIET)
    page.load(asked, None, tour.drawn, **QUIET)


def at(step: int, who: Any) -> list[Any]:
    """The page at a stop; 0 is none. What lies outside the tour becomes its nearest stop."""
    step = min(max(int(step), 0), len(STEPS))
    return [
        step,
        gr.update(visible=step > 0),
        draw(step, who) if step else "",
        gr.update(visible=step > 1),
        gr.update(visible=step < len(STEPS)),
        gr.update(visible=step == len(STEPS)),
    ]


def asked(request: gr.Request) -> list[Any]:
    """The stop that the address names (?tour=3)."""
    named = request.query_params.get("tour", "")
    return at(int(named), request) if named.isascii() and named.isdigit() and len(named) < 3 else [gr.skip()] * 6
