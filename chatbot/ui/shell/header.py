"""The line above the tabs: the product's name, the model and the database in use (click to change), and a three-step guide."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from chatbot.models.catalog import DEFAULT
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.hotel_file import FILES, build_box
from chatbot.ui.tour.tour import opener

FIRST, OWN = "first", "own"
"""Ids of the database that the page started with and of the one that this session uploaded."""


@dataclass(frozen=True)
class Header:
    """The parts of the header that the page wires to loading and the tabs read."""

    brand: gr.HTML
    tour: gr.Button
    model: gr.Dropdown
    database: gr.Dropdown


def build_header(context: PageContext) -> Header:
    """Lay the header out and wire what changes the database."""
    handlers = HeaderHandlers(context)
    with gr.Row(elem_classes="top"):
        brand = gr.HTML(label("header.title"), elem_classes="brand", padding=False)
        tour = opener()
        model, database = _pill("header.model", DEFAULT), _pill("header.database", "…")
        upload = gr.UploadButton(
            label("header.upload"),
            file_types=list(FILES),
            size="sm",
            elem_classes="upload",
            visible=not context.demo,
            min_width=90,
        )
    build_box(context, upload, database, handlers.brought)
    database.input(handlers.choose, database, api_visibility="private")
    return Header(brand, tour, model, database)


def _pill(key: str, first: str) -> gr.Dropdown:
    """A choice that shows nothing but what is chosen: `first`, until the page has loaded its choices."""
    shape: dict[str, Any] = {"show_label": False, "container": False, "elem_classes": "pill", "min_width": 110}
    return gr.Dropdown([first], value=first, label=label(key), interactive=True, **shape)


class HeaderHandlers:
    """What the header's controls do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> tuple[str, Any, Any]:
        """The header as this person sees it: the words, the models, the databases."""
        choices = model_choices(self.context, request)
        first = choices[0][1] if choices else None
        return brand_html(request), gr.update(choices=choices, value=first), self._databases(request, FIRST)

    def refresh(self, request: gr.Request) -> Any:
        """The models that there are now; the chosen one stays."""
        return gr.update(choices=model_choices(self.context, request))

    def brought(self, request: gr.Request, name: str) -> Any:
        """The databases after this page has brought one."""
        return self._databases(request, OWN, name)

    def choose(self, database: str, request: gr.Request) -> None:
        """Go back to the first database, or to the uploaded one."""
        session = self.context.session(request)
        session.store = session.uploaded if database == OWN and session.uploaded else self.context.default_store

    def _databases(self, request: gr.Request, chosen: str, name: str = "") -> Any:
        context, own = self.context, self.context.session(request).uploaded
        shipped = translate(request, "header.demo_hotels") if context.ships_hotels else context.settings.hotels.stem
        choices = [(translate(request, "header.first", name=shipped, n=f"{len(context.default_store):,}"), FIRST)]
        choices += [(translate(request, "header.first", name=name, n=f"{len(own):,}"), OWN)] if own else []
        return gr.update(choices=choices, value=chosen)


def model_choices(context: PageContext, request: gr.Request) -> list[tuple[str, str]]:
    """What a model picker offers to this person: (label, id); the shipped models are named in the person's language."""
    return [
        (translate(request, f"header.{m.id}") if m.kind == "shipped" else m.label, m.id)
        for m in context.models(request)
    ]


def brand_html(who: Any) -> str:
    """The product's name and the folded guide."""
    guide = f'<details class="guide"><summary aria-label="{translate(who, "header.help")}">?</summary><div>{translate(who, "header.guide")}</div></details>'
    return f"<h1>{translate(who, 'header.name')}</h1>{guide}{_log_out_html(who)}"


def _log_out_html(who: Any) -> str:
    """Who is logged in, and the button that ends it; nothing where nobody has to log in."""
    name = getattr(who, "username", None)
    if not name:
        return ""
    leave = translate(who, "serve.log_out")
    return f'<form class="account" method="post" action="logout">{escape(name)} <button>{leave}</button></form>'
