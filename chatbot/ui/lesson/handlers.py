"""What the controls of the Lesson tab do: values are cleaned, one module draws, and the address says what is shown."""

import json
from collections.abc import Mapping
from html import escape
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlencode

import gradio as gr

from chatbot.core.errors import WorkbenchError
from chatbot.lesson.source import source_of
from chatbot.models.catalog import DEFAULT
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Exhibit, Sight, Slider, Values
from chatbot.ui.lesson.exhibits import EXHIBITS
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import in_words
from chatbot.ui.shell.html import note, para


class LessonHandlers:
    """The handlers; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def draw(self, exhibit: Exhibit, sent: Values, request: Any) -> tuple[str, dict[str, Any]]:
        """An exhibit as HTML, and its sliders' new ends by name; an error stands where the picture would."""
        values = exhibit.clean(sent)
        try:
            drawn = self._drawn(exhibit, values, request)
        except WorkbenchError as error:
            return note(in_words(error, request)), {}
        return framed(exhibit, values, drawn, request), {n: _end(most, values[n]) for n, most in drawn.limits.items()}

    def advance(self, exhibit: Exhibit, sent: Values, request: Any) -> tuple[str, dict[str, Any]]:
        """One step on; behind the last comes the first again."""
        slider = next(c for c in exhibit.controls if isinstance(c, Slider) and c.name == exhibit.step)
        values = exhibit.clean(sent)
        wanted = values[slider.name] + slider.step
        html, limits = self.draw(exhibit, values | {slider.name: wanted}, request)
        if wanted > limits.get(slider.name, {}).get("maximum", slider.high):
            wanted = slider.low
            html, limits = self.draw(exhibit, values | {slider.name: wanted}, request)
        limits[slider.name] = gr.update(value=wanted, **_ends(limits.get(slider.name)))
        return html, limits

    def _drawn(self, exhibit: Exhibit, values: Values, request: Any) -> Drawn:
        if exhibit.model:
            self.context.model(request, DEFAULT)
        view = import_module(f"chatbot.ui.lesson.views.{exhibit.name}")
        sight = Sight(
            request, lambda name: self.context.model(request, name), self.context.settings, self.context.store(request)
        )
        return cast(Drawn, view.draw(values, sight))


def _end(most: int, value: float) -> dict[str, Any]:
    """A slider's new end. Gradio refuses a value beyond it, so such a value comes back with it."""
    return cast(dict[str, Any], gr.update(maximum=most, value=most) if value > most else gr.update(maximum=most))


def _ends(update: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"maximum": update["maximum"]} if update else {}


def framed(exhibit: Exhibit, values: Values, drawn: Drawn, who: Any) -> str:
    """What to notice, the picture, the code that does it, and the address of what is shown."""
    notice = para("notice", escape(translate(who, f"lesson.{exhibit.name}.notice")))
    code = "".join(
        f"<details><summary><code>{path} · {name}</code></summary><pre>{escape(source_of(path, name))}</pre></details>"
        for path, name in exhibit.code
    )
    link = f'<a class="here" href="{escape(address(exhibit, values))}">{escape(translate(who, "lesson.here"))}</a>'
    return f'<div class="exhibit" data-exhibit="{exhibit.name}">{notice}{drawn.html}<footer>{escape(translate(who, "lesson.code"))}{code}{link}</footer></div>'


def address(exhibit: Exhibit, values: Values) -> str:
    """Where the exhibit stands as it is shown."""
    return "?" + urlencode({"tab": "lesson", "exhibit": exhibit.name} | dict(values))


def asked(request: Any) -> tuple[Exhibit, dict[str, Any]] | None:
    """The exhibit and the values that an address asks for; None where it asks for none."""
    query = dict(getattr(request, "query_params", None) or {})
    exhibit = EXHIBITS.get(query.get("exhibit", ""))
    return None if exhibit is None or query.get("tab") != "lesson" else (exhibit, exhibit.clean(query))


def address_script() -> str:
    """Keeps the address at what is shown: called with the exhibit's name and the values of all controls."""
    order = json.dumps({e.name: [c.name for c in e.controls] for e in EXHIBITS.values()})
    return f"""(exhibit, ...all) => {{
  const order = {order}, query = new URLSearchParams([["tab", "lesson"], ["exhibit", exhibit]]);
  let at = 0;
  for (const [name, controls] of Object.entries(order)) {{
    if (name === exhibit) controls.forEach((control, k) => query.set(control, all[at + k]));
    at += controls.length;
  }}
  history.replaceState(null, "", "?" + query);
  return [];
}}"""
