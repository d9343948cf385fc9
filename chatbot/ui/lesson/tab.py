"""The Lesson tab (原理): one exhibit at a time on the shipped models, each moved by a few controls and drawn as SVG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui.i18n.translate import label
from chatbot.ui.lesson.exhibit import Control, Exhibit, Pick, Slider, Values
from chatbot.ui.lesson.exhibits import EXHIBITS
from chatbot.ui.lesson.handlers import LessonHandlers, address_script, asked
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET

FIRST = next(iter(EXHIBITS))
Draw = Callable[[Exhibit, Values, Any], tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Stand:
    """One exhibit on the page: its controls by name, its step button and its picture."""

    exhibit: Exhibit
    group: gr.Column
    controls: dict[str, Any]
    button: gr.Button | None
    picture: gr.HTML

    @property
    def sliders(self) -> dict[str, Any]:
        """The sliders by name, whose ends follow what is shown."""
        return {c.name: self.controls[c.name] for c in self.exhibit.controls if isinstance(c, Slider)}

    def sent(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """Its values by name, from values by component."""
        return {name: values[component] for name, component in self.controls.items()}

    @property
    def drawn(self) -> list[Any]:
        """What a drawing changes."""
        return [self.picture, *self.sliders.values()]


def build(context: PageContext) -> None:
    """Lay the tab out and wire it."""
    gr.Markdown(label("lesson.lead"), elem_classes="quiet")
    choices = [(label(f"lesson.{name}.title"), name) for name in EXHIBITS]
    chosen = gr.Radio(choices, value=FIRST, show_label=False, container=False, elem_id="exhibits")
    stands = [_stand(exhibit) for exhibit in EXHIBITS.values()]
    _wire(Wiring(LessonHandlers(context), stands, chosen))


def _stand(exhibit: Exhibit) -> Stand:
    with gr.Column(visible=exhibit.name == FIRST, elem_classes="lesson", elem_id=f"lesson-{exhibit.name}") as group:
        with gr.Row(elem_classes="controls"):
            controls = {control.name: _component(control) for control in exhibit.controls}
            button = (
                gr.Button(label("lesson.step"), variant="primary", size="sm", min_width=90) if exhibit.step else None
            )
        picture = gr.HTML(padding=False)
    return Stand(exhibit, group, controls, button, picture)


def _component(control: Control) -> Any:
    shape: dict[str, Any] = {"label": label(f"lesson.c.{control.name}"), "value": control.value}
    if isinstance(control, Slider):
        return gr.Slider(control.low, control.high, step=control.step, min_width=150, buttons=[], **shape)
    if isinstance(control, Pick):
        options = [(label(f"lesson.o.{option}"), option) for option in control.options]
        return gr.Dropdown(options, min_width=150, filterable=False, **shape)
    return gr.Textbox(max_lines=1, scale=2, min_width=260, max_length=getattr(control, "most", None), **shape)


@dataclass(frozen=True)
class Wiring:
    """The handlers between the page's values, by component, and the exhibits' values, by name."""

    handlers: LessonHandlers
    stands: list[Stand]
    chosen: gr.Radio

    @property
    def components(self) -> list[Any]:
        """All controls of all exhibits in their order."""
        return [component for stand in self.stands for component in stand.controls.values()]

    @property
    def opened(self) -> list[Any]:
        """What showing an exhibit changes: which one is seen, then what a drawing of each changes."""
        return [*(stand.group for stand in self.stands), *(part for stand in self.stands for part in stand.drawn)]

    def moved(self, stand: Stand, do: Draw) -> Callable[..., list[Any]]:
        """A listener of one exhibit's controls."""

        def listen(values: dict[Any, Any], request: gr.Request) -> list[Any]:
            html, changed = do(stand.exhibit, stand.sent(values), request)
            return [html, *(changed.get(name, gr.skip()) for name in stand.sliders)]

        return listen

    def show(self, values: dict[Any, Any], request: gr.Request) -> list[Any]:
        """Show the chosen exhibit."""
        stand = next((s for s in self.stands if s.exhibit.name == values[self.chosen]), self.stands[0])
        return self._open(stand, stand.sent(values), request)

    def select(self, values: dict[Any, Any], request: gr.Request) -> list[Any]:
        """Show the chosen exhibit as the tab is opened, unless the address asked for one: `load` shows that, before or after this."""
        return self.show(values, request) if asked(request) is None else [gr.skip()] * len(self.opened)

    def wanted(self, request: gr.Request) -> bool:
        """Whether the address asks for an exhibit."""
        return asked(request) is not None

    def load(self, request: gr.Request) -> list[Any]:
        """Show what the address asks for."""
        found = asked(request)
        if found is None:
            return [gr.skip()] * (1 + len(self.components) + len(self.opened))
        exhibit, values = found
        own = [values[n] if s.exhibit is exhibit else gr.skip() for s in self.stands for n in s.controls]
        stand = next(s for s in self.stands if s.exhibit is exhibit)
        return [exhibit.name, *own, *self._open(stand, values, request)]

    def _open(self, stand: Stand, sent: Values, request: gr.Request) -> list[Any]:
        out: list[Any] = [gr.update(visible=other is stand) for other in self.stands]
        html, changed = self.handlers.draw(stand.exhibit, sent, request)
        for other in self.stands:
            drawn = [html, *(changed.get(name, gr.skip()) for name in stand.sliders)]
            out += drawn if other is stand else [gr.skip()] * len(other.drawn)
        return out


def _wire(wiring: Wiring) -> None:
    page, tab = Context.root_block, Context.block
    assert page is not None and isinstance(tab, gr.Tab)
    everything = {wiring.chosen, *wiring.components}
    wiring.chosen.input(wiring.show, everything, wiring.opened, **QUIET)
    tab.select(wiring.select, everything, wiring.opened, **QUIET)
    # the browser pays for each part that a page's load names, also for one that stays as it was
    wanted = gr.State(False)
    page.load(wiring.wanted, None, wanted, **QUIET)
    wanted.change(wiring.load, None, [wiring.chosen, *wiring.components, *wiring.opened], **QUIET)
    moving: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
    shown, told = [wiring.chosen, *wiring.components], [wiring.chosen.input]
    for stand in wiring.stands:
        triggers = [c.submit if isinstance(c, gr.Textbox) else c.input for c in stand.controls.values()]
        inputs = set(stand.controls.values())
        gr.on(triggers, wiring.moved(stand, wiring.handlers.draw), inputs, stand.drawn, **moving)
        told += triggers
        if stand.button:
            click = stand.button.click(wiring.moved(stand, wiring.handlers.advance), inputs, stand.drawn, **moving)
            click.then(None, shown, None, js=address_script(), **QUIET)
    gr.on(told, None, shown, None, js=address_script(), **QUIET)
