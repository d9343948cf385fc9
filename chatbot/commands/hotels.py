"""`search`, `download`, `hotels generate` and `hotels read`: the hotel database on the command line."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.core.errors import InputError, QueryError

HOTELS = Annotated[
    Path | None, typer.Option("--hotels", help="hotel database in CrossWOZ's form [default: the shipped one]")
]


def search(
    *,
    arguments: Annotated[
        str, typer.Option("--json", help='arguments of search_hotels, e.g. \'{"facilities": ["能打麻将"]}\'')
    ],
    hotels: HOTELS = None,
    limit: Annotated[int, typer.Option(help="how many records at most", min=1, max=100)] = 3,
    offset: Annotated[int, typer.Option(help="how many to pass over, for the next page", min=0)] = 0,
) -> None:
    """Search the hotels; prints {"records", "relaxed", "unmatched", "total"} as JSON."""
    from chatbot.core.settings import settings
    from chatbot.hotels.query import HotelQuery
    from chatbot.hotels.store import HotelStore

    query = HotelQuery.parse(_object(arguments))
    found = HotelStore.load(hotels or settings().hotels).search(query, limit, offset)
    out = {"records": found.records, "relaxed": found.relaxed, "unmatched": found.unmatched, "total": found.total}
    print(json.dumps(out, ensure_ascii=False))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError("commands.no_json", value=text) from error
    if not isinstance(value, dict):
        raise QueryError("commands.no_object", value=text)
    return value


def download(
    *,
    what: Annotated[str, typer.Argument(help="hotels, or CrossWOZ's dialogues: train, val, test")] = "hotels",
    out: Annotated[Path | None, typer.Option("--out", help="folder [default: downloads in the workspace]")] = None,
) -> None:
    """Fetch CrossWOZ's real hotel database (1,133 hotels in Beijing) or its dialogues, check the SHA-256, print where the file lies."""
    from chatbot.core.settings import settings
    from chatbot.corpus.crosswoz.download import SOURCES
    from chatbot.hotels.download import download as run

    if what not in SOURCES:
        raise InputError("commands.download", value=what, choices=SOURCES)
    print(run(SOURCES[what], out or settings().folder("downloads")))


def read(
    *,
    file: Annotated[Path, typer.Argument(help="hotels as JSON, CSV or Excel, also in a zip or gz")],
    out: Annotated[Path | None, typer.Option("--out", help="write what can be read in CrossWOZ's form")] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="of its text, e.g. GBK [default: recognised; GBK must be confirmed]"),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="KEY=FIELD, e.g. 房费=价格; several times, instead of the names that are offered"),
    ] = None,
    ten_points: Annotated[bool, typer.Option("--ten-points", help="ratings go to ten and are halved")] = False,
) -> None:
    """Show what a hotel file gives: fields found, keys not used, names that repeat, values that are none; with --out write it."""
    from chatbot.hotels.generate import write_hotels
    from chatbot.hotels.preview import Choices, confirmed, read_hotel_file

    choices = Choices(encoding, dict(map(_renamed, key)) if key else None, ten_points)
    reading = read_hotel_file(file, choices)
    print(json.dumps(reading.preview.to_dict(), ensure_ascii=False, indent=2))
    if out:
        print(f"{write_hotels(out, confirmed(reading, choices, file))} hotels → {out}")


def _renamed(words: str) -> tuple[str, str]:
    from chatbot.hotels.fields import OTHER_NAMES

    key, _, field = words.partition("=")
    if field not in OTHER_NAMES:
        raise InputError("commands.key", value=words, choices=OTHER_NAMES)
    return key, field


def generate(
    *,
    out: Annotated[Path, typer.Option("--out", help="the file to write")],
    n: Annotated[int, typer.Option("--n", help="how many hotels", min=1)] = 1200,
    seed: Annotated[int, typer.Option("--seed", help="the same seed gives the same hotels")] = 0,
) -> None:
    """Write a database of invented hotels in CrossWOZ's form; without options it is the shipped one."""
    from chatbot.hotels.generate import generate as run
    from chatbot.hotels.generate import write_hotels

    print(f"{write_hotels(out, run(n, seed))} hotels → {out}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(search)
    app.command()(download)
    group = typer.Typer(help="the hotel database", no_args_is_help=True)
    group.command()(generate)
    group.command()(read)
    group.callback()(lambda: None)
    app.add_typer(group, name="hotels")
