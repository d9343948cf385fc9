"""What the four steps of the Data tab share: roles and errors at the edge of a handler, waiting in words, boxes of choices, times and bars."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

import gradio as gr

from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.forms import QUIET


def say_done(request: gr.Request, key: str, **values: object) -> None:
    """Say in passing that something is done."""
    gr.Info(translate(request, key, **values), duration=4)


@contextmanager
def choice_box(key: str) -> Iterator[None]:
    """A box with one thing that can be done here: its name, one sentence (`key`.head and `key`.text), and what is put inside."""
    with gr.Column(elem_classes="choice", min_width=250):
        gr.Markdown(label(f"{key}.head"), elem_classes="head")
        gr.Markdown(label(f"{key}.text"), elem_classes="quiet")
        yield


def wire_slow_step(
    begin: Callable[..., Any],
    work: Callable[..., Any],
    given: Any,
    shown: Any,
    *,
    busy: Callable[..., Any],
    back: Callable[..., Any],
) -> Any:
    """Wire a step that takes a while: at once words that say what goes on, then the work, and what was there before if it fails.

    Args:
        begin: starts it, e.g. `button.click`.
        busy: says what goes on.
        back: shows what is there without the work.
    """
    done = begin(busy, None, shown, **QUIET).then(work, given, shown, **QUIET)
    done.failure(back, None, shown, **QUIET)
    return done


def time_ago(then: float, who: Any) -> str:
    """A time as people say it, the exact one on hover."""
    minutes = int((time.time() - then) / 60)
    key, n = ("now", 0) if minutes < 1 else ("minutes_ago", minutes) if minutes < 60 else ("hours_ago", minutes // 60)
    key, n = (key, n) if minutes < 60 * 24 else ("days_ago", minutes // (60 * 24))
    exact = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(then))
    return f'<time title="{exact}">{translate(who, f"data.{key}", n=n)}</time>'


def bars(title: str, series: Mapping[str, Mapping[str, int]]) -> str:
    """One chart of horizontal bars; several series (before, after) share a scale of shares, so that their shapes can be compared.

    Args:
        series: name of the series → label → count; labels come in the order of the first series that has them.
    """
    labels = list(dict.fromkeys(label for counts in series.values() for label in counts))
    shares = {
        name: {label: counts.get(label, 0) / max(1, sum(counts.values())) for label in labels}
        for name, counts in series.items()
    }
    top = max((share for values in shares.values() for share in values.values()), default=0) or 1
    rows = "".join(
        _row(label, {name: (values[label] / top, series[name].get(label, 0)) for name, values in shares.items()})
        for label in labels
    )
    legend = (
        "".join(f'<span class="key s{i}">{escape(name)}</span>' for i, name in enumerate(series))
        if len(series) > 1
        else ""
    )
    return f'<figure class="bars"><figcaption>{escape(title)} {legend}</figcaption>{rows}</figure>'


def _row(label: str, values: Mapping[str, tuple[float, int]]) -> str:
    drawn = "".join(
        f'<i class="s{i}" style="width:{width:.1%}"></i><b>{count:,}</b>'
        for i, (width, count) in enumerate(values.values())
    )
    return (
        f'<div class="row"><span title="{escape(label)}">{escape(label)}</span><div class="lanes">{drawn}</div></div>'
    )
