"""The line above the tabs: the product's name, the model and the database in use (click to change), and a three-step guide."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.errors import HotelFileError, WorkbenchError
from chatbot.ui.context import PageContext
from chatbot.ui.errors import in_words
from chatbot.ui.words import say, t

WORDS = {
    "header.name": ("酒店对话机器人工作台", "Hotel chatbot workbench"),
    "header.model": ("模型", "Model"),
    "header.hotel-mini": ("hotel-mini · 随附", "hotel-mini · shipped"),
    "header.hotel-mini-base": ("hotel-mini · 微调前的基座", "hotel-mini · base before fine-tuning"),
    "header.database": ("酒店库", "Hotel database"),
    "header.upload": ("换酒店库…", "Hotels …"),
    "header.first": ("{name} · {n} 家", "{name} · {n} hotels"),
    "header.demo_hotels": ("虚构酒店", "Invented"),
    "header.refused": ("不能换酒店库。{error}", "The hotels cannot be changed. {error}"),
    "header.bad_file": (
        "{file} 不是酒店库文件：需要和 CrossWOZ 的 hotel_db.json 一样的 JSON 列表，每条是 [酒店名, {{各项信息}}]。",
        "{file} is no hotel file: it must be a JSON list like CrossWOZ's hotel_db.json, each entry [name, {{its fields}}].",
    ),
    "header.bad_entry": (
        "{file} 的第 {entry} 条不是 [酒店名, {{各项信息}}]，整个文件没有换上。改好这一条再传。",
        "Entry {entry} of {file} is no [name, {{its fields}}]; nothing was changed. Mend it and upload again.",
    ),
    "header.bad_field": (
        "{file} 的第 {entry} 条（{name}）“{field}”一项不能用：{value}。整个文件没有换上，改好再传。",
        "Entry {entry} of {file} ({name}): “{field}” cannot be used: {value}. Nothing was changed; mend it and upload again.",
    ),
    "header.changed": ("现在查的是 {n} 家酒店的库。", "Now searching {n} hotels."),
    "header.help": ("怎么用", "How to use this page"),
    "header.guide": (
        "<b>三步上手</b><ol><li>用自己的话说想住什么样的酒店，例如“想找能打麻将的经济型酒店”。</li>"
        "<li>对话旁边是听懂的条件和查到的酒店；哪个条件不对，就改哪个，改完会重新查。</li>"
        "<li>回答好不好，点一下赞或踩；想比较，就点“对比另一个模型”。</li></ol>",
        "<b>Three steps</b><ol><li>Say in your own words, in Chinese, what hotel you want.</li>"
        "<li>Beside the conversation stand the wishes as understood and the hotels found; correct a wish and it searches again.</li>"
        "<li>Like or dislike an answer; compare with another model by one click.</li></ol>",
    ),
}
FIRST, OWN = "first", "own"
"""Ids of the database that the page started with and of the one that this session uploaded."""


@dataclass(frozen=True)
class Header:
    """The parts of the header that the page wires to loading and the tabs read."""

    brand: gr.HTML
    model: gr.Dropdown
    database: gr.Dropdown


def build_header(context: PageContext) -> Header:
    """Lay the header out and wire what changes the database."""
    handlers = HeaderHandlers(context)
    with gr.Row(elem_classes="top"):
        brand = gr.HTML(elem_classes="brand", padding=False)
        model = gr.Dropdown([], label=t("header.model"), show_label=False, container=False, elem_classes="pill", min_width=110, interactive=True)
        database = gr.Dropdown([], label=t("header.database"), show_label=False, container=False, elem_classes="pill", min_width=110, interactive=True)
        upload = gr.UploadButton(t("header.upload"), file_types=[".json"], size="sm", elem_classes="upload", visible=not context.demo, min_width=90)
    upload.upload(handlers.upload, upload, database, api_visibility="private")
    database.input(handlers.choose, database, api_visibility="private")
    return Header(brand, model, database)


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

    def upload(self, file: str, request: gr.Request) -> Any:
        """Search an uploaded database from now on, in this page alone."""
        try:
            store = self.context.use_store(request, Path(file))
        except HotelFileError as error:
            gr.Warning(wrong_file(request, error, Path(file).name))
            return gr.skip()
        except WorkbenchError as error:
            gr.Warning(say(request, "header.refused", error=escape(in_words(error, request))))
            return gr.skip()
        gr.Info(say(request, "header.changed", n=f"{len(store):,}"))
        return self._databases(request, OWN, Path(file).stem)

    def choose(self, database: str, request: gr.Request) -> None:
        """Go back to the first database, or to the uploaded one."""
        session = self.context.session(request)
        session.store = session.uploaded if database == OWN and session.uploaded else self.context.default_store

    def _databases(self, request: gr.Request, chosen: str, name: str = "") -> Any:
        context, own = self.context, self.context.session(request).uploaded
        shipped = say(request, "header.demo_hotels") if context.ships_hotels else context.settings.hotels.stem
        choices = [(say(request, "header.first", name=shipped, n=f"{len(context.default_store):,}"), FIRST)]
        choices += [(say(request, "header.first", name=name, n=f"{len(own):,}"), OWN)] if own else []
        return gr.update(choices=choices, value=chosen)


def model_choices(context: PageContext, request: gr.Request) -> list[tuple[str, str]]:
    """What a model picker offers to this person: (label, id); the shipped models are named in the person's language."""
    return [(say(request, f"header.{m.id}") if m.kind == "shipped" else m.label, m.id) for m in context.models(request)]


def wrong_file(who: Any, error: HotelFileError, file: str) -> str:
    """What is wrong with a hotel file, for the person who brought it; as HTML, which is what Gradio's messages are."""
    key = "bad_field" if error.field else "bad_entry" if error.entry else "bad_file"
    values = {"file": file, "name": error.name, "field": error.field.partition(".")[0], "value": str(error.value)[:60]}
    return say(who, f"header.{key}", entry=error.entry, **{key: escape(value) for key, value in values.items()})


def brand_html(who: Any) -> str:
    """The product's name and the folded guide."""
    guide = f'<details class="guide"><summary aria-label="{say(who, "header.help")}">?</summary><div>{say(who, "header.guide")}</div></details>'
    return f"<h1>{say(who, 'header.name')}</h1>{guide}"
