"""`read`, `extract`, `check`, `split`, `export`, `selfplay`, `first-calls`, `demo-data`: from any file or self-play to a checked data set."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.core.errors import InputError

if TYPE_CHECKING:
    from chatbot.hotels.store import HotelStore

HOTELS = Annotated[
    Path | None, typer.Option("--hotels", help="hotel database in CrossWOZ's form [default: the shipped one]")
]
OUT = Annotated[Path, typer.Option("--out", help="where the conversations go, as JSONL")]
ALL = Annotated[Path, typer.Argument(help="conversations in any form of docs/data-format.md")]
SEED = Annotated[int, typer.Option("--seed", help="the same seed gives the same result")]
JSON = Annotated[bool, typer.Option("--json", help="print JSON")]


def _store(hotels: Path | None) -> "HotelStore":
    from chatbot.core.settings import settings
    from chatbot.hotels.store import HotelStore

    return HotelStore.load(hotels or settings().hotels)


def _show(figures: object) -> None:
    print(json.dumps(figures, ensure_ascii=False, indent=2))


def read(
    *,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="conversations in any form: JSONL, JSON, Parquet, CSV, Excel, CrossWOZ, a zip or gz of them"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="take what can be read in, as JSONL of our form")] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="of its text, e.g. GBK [default: recognised; GBK must be confirmed]"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="of a sheet: what=HEADER, e.g. user=客人说 or reply=客服说; several times"),
    ] = None,
    hotels: HOTELS = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="write an Excel file to fill in, instead of reading")
    ] = None,
) -> None:
    """Show what can be read of a file, in which form, and what is left out and why; with --out take it in."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.reading import sheet
    from chatbot.corpus.reading.reader import read as run
    from chatbot.corpus.reading.replay import taken_in

    if template:
        template.write_bytes(sheet.template())
        return print(template)
    if file is None:
        raise InputError("commands.no_file")
    reading = run(file, encoding, dict(_pair(words) for words in column or ()))
    _show(reading.preview.to_dict())
    if out is None:
        return None
    if not encoding and reading.preview.doubtful_encoding:
        raise InputError("reading.encoding", path=file, encoding=reading.preview.encoding.upper())
    made, report = taken_in(reading, _store(hotels))
    if not made:
        raise InputError("reading.nothing", path=file)
    _show(report | {"written": write_conversations(out, made)})
    return None


def _pair(words: str) -> tuple[str, str]:
    from chatbot.corpus.reading.sheet import COLUMNS

    what, sign, header = words.partition("=")
    if not sign or what not in COLUMNS:
        raise InputError("commands.column", value=words, choices=COLUMNS)
    return what, header


def extract(
    *,
    file: Annotated[Path, typer.Argument(help="CrossWOZ's train, val or test .json, or a zip of them")],
    out: OUT,
    hotels: HOTELS = None,
) -> None:
    """Cut hotel conversations out of CrossWOZ, replayed on the database; prints what was dropped and repaired."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.crosswoz.extract import extract as run

    extraction = run(file, _store(hotels))
    write_conversations(out, extraction.conversations)
    _show(extraction.report.to_dict())


def check(
    *,
    file: ALL,
    hotels: HOTELS = None,
    model: Annotated[
        str, typer.Option("--model", help="asked too where the word list does not find a wish, e.g. hotel-mini")
    ] = "",
    as_json: JSON = False,
) -> None:
    """Check every conversation: form, wishes in the words, replay on the database, grounded replies. Exit code 1 if any fails."""
    from chatbot.corpus.augmentation.runs.feed import SecondParserModel
    from chatbot.corpus.checks import check as run
    from chatbot.corpus.reading.reader import read_conversations

    store, second_parser, failed, count = _store(hotels), SecondParserModel(model) if model else None, 0, 0
    for count, conversation in enumerate(read_conversations(file), 1):  # noqa: B007
        wrong = [found for found in run(conversation, store, model=second_parser) if not found.passed]
        failed += bool(wrong)
        for found in wrong:
            print(
                json.dumps({"id": conversation.id, "check": found.name, "reason": found.reason}, ensure_ascii=False)
                if as_json
                else f"{conversation.id}  {found.reason}"
            )
    print(f"{count - failed}/{count} passed", file=sys.stderr)
    raise typer.Exit(1 if failed else 0)


def split(
    *,
    file: ALL,
    out: Annotated[Path, typer.Option("--out", help="folder for train.jsonl val.jsonl test.jsonl")],
    seed: SEED = 0,
) -> None:
    """Split 8:1:1 by source dialogue, near-duplicates on one side; prints the leak report, which must read 0/0."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.export.split import split as run
    from chatbot.corpus.reading.reader import read_conversations

    made = run(read_conversations(file), seed)
    counts = {
        name: write_conversations(out / f"{name}.jsonl", getattr(made, name)) for name in ("train", "val", "test")
    }
    _show(counts | {"leaks": made.leaks})


def export(
    *,
    folder: Annotated[Path, typer.Argument(help="folder with train.jsonl val.jsonl test.jsonl")],
    form: Annotated[str, typer.Option("--format", help="jsonl, parquet, openai, llama-factory, chatglm3 or llama2")],
    out: Annotated[Path, typer.Option("--out", help="a folder for the export and its data card")],
    hotels: HOTELS = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="leave telephone, card and identity numbers in what users said")
    ] = False,
) -> None:
    """Write a split in the form of another trainer, with a data card; personal numbers in users' words are left out."""
    from chatbot.corpus.export.data_card import data_card
    from chatbot.corpus.export.formats import export as run
    from chatbot.corpus.export.scrub import scrub_sides
    from chatbot.corpus.export.split import leaks, read_sides

    sides = read_sides(folder) if personal else scrub_sides(read_sides(folder))
    files = run(sides, form, out)
    card = out / "README.md"
    card.write_text(data_card(sides, _store(hotels), leaks(list(sides.values()))), encoding="utf-8")
    print("\n".join(map(str, [*files, card])))


def selfplay(
    *,
    out: OUT,
    n: Annotated[int, typer.Option("--n", min=1, help="how many conversations")] = 100,
    seed: SEED = 0,
    hotels: HOTELS = None,
) -> None:
    """Make conversations by a simulated user who talks to the database."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.selfplay.generate import selfplay as run

    print(f"{write_conversations(out, run(_store(hotels), n, seed))} → {out}")


def demo_data(
    *,
    out: Annotated[
        Path, typer.Option("--out", help="folder for train.jsonl val.jsonl test.jsonl and the data card")
    ] = Path("data/conversations"),
    seed: SEED = 1,
) -> None:
    """Make the conversations that ship with the project: self-play on the shipped database, augmented offline, checked, split."""
    from chatbot.corpus.selfplay.demo import write_demo

    _show(write_demo(out, _store(None), seed))


def first_calls(
    *,
    file: ALL,
    out: OUT,
    apart_from: Annotated[
        list[Path] | None,
        typer.Option("--apart-from", help="held-out conversations whose words are not taken; several times"),
    ] = None,
) -> None:
    """Cut every conversation after its first call: short examples, from which a small model learns quickest."""
    from chatbot.core.messages import write_conversations
    from chatbot.corpus.reading.reader import read_conversations
    from chatbot.corpus.selfplay.first_call import first_calls as run

    held = (conversation for path in apart_from or () for conversation in read_conversations(path))
    _show({"conversations": write_conversations(out, run(read_conversations(file), held))})


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    for command in (read, extract, check, split, export, selfplay, first_calls, demo_data):
        app.command()(command)
