"""The box between a hotel file and its use: what was found in it, what is not used, common other names; nothing changes before a yes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.errors import WorkbenchError
from chatbot.hotels.fields import OTHER_NAMES
from chatbot.hotels.preview import Choices, HotelPreview, Problem, read_hotel_file
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import in_words, needs
from chatbot.ui.shell.forms import QUIET, WAIT
from chatbot.ui.shell.html import facts, note, para, quiet

FILES = (".json", ".csv", ".tsv", ".xlsx", ".zip", ".gz")
MOST_SHOWN = 8


@dataclass(frozen=True)
class HotelFileBox:
    """Its components."""

    panel: gr.Column
    shown: gr.HTML
    renamed: gr.CheckboxGroup
    ten_points: gr.Checkbox
    use: gr.Button
    leave: gr.Button
    file: gr.State

    @property
    def given(self) -> list[Any]:
        """What the handlers read: the file and what was chosen."""
        return [self.file, self.renamed, self.ten_points]

    @property
    def drawn(self) -> list[Any]:
        """What a preview changes."""
        return [self.panel, self.shown, self.renamed, self.ten_points, self.use, self.file]


def build_box(
    context: PageContext, upload: gr.UploadButton, database: gr.Dropdown, databases: Callable[..., Any]
) -> HotelFileBox:
    """Lay the box out, hidden until a file is brought.

    Args:
        databases: (request, name of the new one) → the choices of the database pill.
    """
    with gr.Column(visible=False, elem_classes="hotel-file", elem_id="hotel-file") as panel:
        shown = gr.HTML(padding=False)
        renamed = gr.CheckboxGroup([], label=label("hotelfile.renamed"), visible=False, elem_id="hotel-file-renamed")
        ten_points = gr.Checkbox(label=label("hotelfile.ten_points"), visible=False, elem_id="hotel-file-ten")
        with gr.Row(elem_classes="inline"):
            use = gr.Button(label("hotelfile.use"), variant="primary", elem_id="hotel-file-use", min_width=80, scale=0)
            leave = gr.Button(label("hotelfile.leave"), elem_id="hotel-file-leave", min_width=80, scale=0)
    box = HotelFileBox(panel, shown, renamed, ten_points, use, leave, gr.State(""))
    handlers = HotelFileHandlers(context, databases)
    upload.upload(handlers.look, upload, box.drawn, **WAIT)
    gr.on([renamed.input, ten_points.input], handlers.again, box.given, [shown, use], **WAIT)
    use.click(handlers.use, box.given, [panel, database], **WAIT)
    leave.click(handlers.close, None, panel, **QUIET)
    return box


class HotelFileHandlers:
    """What the box does."""

    def __init__(self, context: PageContext, databases: Callable[..., Any]) -> None:
        self.context, self.databases = context, databases

    @needs("annotator")
    def look(self, request: gr.Request, file: str) -> list[Any]:
        """What a file gives, with all other names that are offered; nothing has changed yet."""
        try:
            found = read_hotel_file(Path(file)).preview
        except WorkbenchError as error:
            told = translate(request, "header.refused", error=in_words(error, request))
            hidden = [gr.update(visible=False)] * 3
            return [gr.update(visible=True), para("lead bad", escape(told)), *hidden, ""]
        offers = [
            (translate(request, "hotelfile.offer", other=key, field=_field(field, request), n=found.keys[key]), key)
            for key, field in found.offered.items()
        ]
        return [
            gr.update(visible=True),
            preview_html(found, Path(file).name, request),
            gr.update(visible=bool(offers), choices=offers, value=list(found.offered)),
            gr.update(visible=found.looks_ten, value=False),
            gr.update(visible=bool(found.hotels)),
            file,
        ]

    @needs("annotator")
    def again(self, request: gr.Request, file: str, renamed: list[str], ten_points: bool) -> list[Any]:
        """What it gives with other choices."""
        try:
            found = read_hotel_file(Path(file), _choices(renamed, ten_points)).preview
        except WorkbenchError as error:
            return [para("lead bad", escape(in_words(error, request))), gr.update(visible=False)]
        return [preview_html(found, Path(file).name, request), gr.update(visible=bool(found.hotels))]

    @needs("annotator")
    def use(self, request: gr.Request, file: str, renamed: list[str], ten_points: bool) -> list[Any]:
        """Search these hotels from now on, in this page alone."""
        store = self.context.use_store(request, Path(file), _choices(renamed, ten_points))
        gr.Info(translate(request, "header.changed", n=f"{len(store):,}"))
        return [gr.update(visible=False), self.databases(request, Path(file).stem)]

    def close(self) -> Any:
        """Put the box away; the hotels stay as they are."""
        return gr.update(visible=False)


def _choices(renamed: list[str], ten_points: bool) -> Choices:
    from chatbot.hotels.fields import meant

    return Choices(renamed={key: meant(key) for key in renamed}, ten_points=ten_points)


def _field(field: str, who: Any) -> str:
    return translate(who, f"hotelfile.{field}")


def preview_html(found: HotelPreview, name: str, who: Any) -> str:
    """Fields and in how many hotels, then whatever a person should know before a yes; all of the file escaped."""
    name = f"{name} → {found.file}" if found.file else name
    lead = translate(who, "hotelfile.would", name=name, entries=f"{found.entries:,}", hotels=f"{found.hotels:,}")
    known = {_field(field, who): f"{found.found[field]:,} / {found.hotels:,}" for field in OTHER_NAMES}
    told = [
        _encoding(found, who),
        translate(who, "hotelfile.passed_over", names=_comma(who).join(found.passed_over[:MOST_SHOWN]))
        if found.passed_over
        else "",
        _counted("hotelfile.unused", {key: found.keys[key] for key in found.unused}, who),
        _counted("hotelfile.repeated", found.repeated, who),
        _counted("hotelfile.split", {_field(field, who): n for field, n in found.split.items()}, who),
        _problems("hotelfile.out_of_range", [p for p in found.problems if p.out_of_range], who),
        _problems("hotelfile.unusable", [p for p in found.problems if p.field and not p.out_of_range], who),
        _problems("hotelfile.no_hotel", [p for p in found.problems if not p.field], who),
    ]
    return para("lead", escape(lead)) + facts(known) + "".join(map(note, told)) + quiet(_unchanged(who))


def _unchanged(who: Any) -> str:
    return escape(translate(who, "hotelfile.unchanged"))


def _encoding(found: HotelPreview, who: Any) -> str:
    if not found.doubtful_encoding:
        return ""
    names = _comma(who).join(found.begins)
    return translate(who, "hotelfile.encoding", encoding=found.encoding.upper(), names=names)


def _counted(key: str, counts: Mapping[str, int], who: Any) -> str:
    """Names with their counts as one sentence; "" where there are none."""
    shown = [f"{name} ×{n}" for name, n in list(counts.items())[:MOST_SHOWN]]
    return translate(who, key, n=len(counts), names=_listed(shown, len(counts), who)) if counts else ""


def _problems(key: str, problems: list[Problem], who: Any) -> str:
    shown = [
        translate(
            who,
            "hotelfile.problem",
            entry=p.entry,
            name=p.name,
            field=_field(p.field, who) if p.field else "",
            value=p.value,
        )
        for p in problems[:MOST_SHOWN]
    ]
    return translate(who, key, n=len(problems), names=_listed(shown, len(problems), who)) if problems else ""


def _listed(shown: list[str], all_: int, who: Any) -> str:
    return _comma(who).join(shown) + (" …" if all_ > len(shown) else "")


def _comma(who: Any) -> str:
    return translate(who, "hotelfile.comma")
