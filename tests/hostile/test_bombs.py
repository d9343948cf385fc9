"""Files that are small and become large, deep or endless are refused in words, within bounds of time and memory."""

import gzip
import io
import json
import os
import threading
import tracemalloc
import zipfile

import pyarrow
import pytest
from pyarrow import parquet

from chatbot.core import files
from chatbot.core.errors import InputError, WorkbenchError
from chatbot.core.sheets import write_sheet
from chatbot.corpus.reading.reader import read, read_conversations
from chatbot.hotels.preview import read_hotel_file
from chatbot.hotels.records import read_hotels

PNG = (
    b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x06\0\0\0" + b"\0" * 200
)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def zipped(members: dict[str, bytes], level: int = 9) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(sheet: bytes, more: dict[str, bytes] | None = None) -> bytes:
    """An Excel file whose sheet is this XML."""
    with zipfile.ZipFile(io.BytesIO(write_sheet([["x"]]))) as real:
        members = {name: real.read(name) for name in real.namelist()}
    return zipped(members | {"xl/worksheets/sheet1.xml": sheet} | (more or {}))


def nested(depth: int, inner: bytes) -> bytes:
    for _ in range(depth):
        inner = zipped({"a.zip": inner})
    return inner


def columns(rows: int, size: int) -> bytes:
    """Parquet of equal texts, each of which is stored once."""
    out = io.BytesIO()
    texts = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), ["x" * size])
    parquet.write_table(pyarrow.table({"messages": texts.dictionary_decode() if rows < 10 else texts}), out)
    return out.getvalue()


def lying() -> bytes:
    """A zip whose directory says that a member is short."""
    content = zipped({"x.json": b"[" + b" " * 3_000_000 + b"]"})
    at = content.rindex(b"PK\x01\x02") + 24
    return content[:at] + (10).to_bytes(4, "little") + content[at + 4 :]


BOMBS = {
    "zip of zeros": ("x.zip", lambda: zipped({"x.json": bytes(30_000_000)})),
    "gzip of zeros": ("x.json.gz", lambda: gzip.compress(bytes(30_000_000))),
    "gzip in a zip": ("x.zip", lambda: zipped({"x.json.gz": gzip.compress(bytes(30_000_000))})),
    "many that are small alone": ("x.zip", lambda: zipped({f"{n}.json": bytes(3_000_000) for n in range(10)})),
    "zip in zips": ("x.zip", lambda: nested(9, zipped({"x.json": bytes(30_000_000)}))),
    "a lying directory": ("x.zip", lying),
    "very many files": ("x.zip", lambda: zipped({f"{n}.json": b"" for n in range(2_000)}, 0)),
    "half a zip": ("x.zip", lambda: zipped({"x.json": b"{}"})[:40]),
    "a workbook of zeros": ("x.xlsx", lambda: workbook(bytes(30_000_000))),
    "shared texts of zeros": ("x.xlsx", lambda: workbook(b"<a/>", {"xl/sharedStrings.xml": bytes(30_000_000)})),
    "a row far below": (
        "x.xlsx",
        lambda: workbook(SHEET.format(ROW.format(1, "a") + ROW.format(10**12, "b")).encode()),
    ),
    "a column far right": (
        "x.xlsx",
        lambda: workbook(SHEET.format('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>').encode()),
    ),
    "laughing entities": (
        "x.xlsx",
        lambda: workbook(f"<!DOCTYPE x [<!ENTITY l0 'ha'>{LAUGHS}]>{SHEET.format(ROW.format(1, '&l11;'))}".encode()),
    ),
    "an outer entity": (
        "x.xlsx",
        lambda: workbook(
            f"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{SHEET.format(ROW.format(1, '&e;'))}".encode()
        ),
    ),
    "no XML": ("x.xlsx", lambda: workbook(b"PK")),
    "a sheet of blank rows": ("x.csv", lambda: b"a,b\n" + b",\n" * 3_000),
    "a cell without end": ("x.csv", lambda: b'a,b\n"' + b"x" * 3_000_000),
    "a line without end": ("x.csv", lambda: b"a," * 1_500_000),
    "equal texts in parquet": ("x.parquet", lambda: columns(5_000, 100_000)),
    "half of parquet": ("x.parquet", lambda: columns(1, 10)[:60]),
    "deep lists": ("x.json", lambda: b"[" * 1_000_000),
    "deep objects": ("x.json", lambda: b'{"a":' * 1_000_000),
    "deep lists in a line": ("x.jsonl", lambda: b'{"messages": ' + b"[" * 100_000 + b"\n"),
    "deep arguments": (
        "x.jsonl",
        lambda: b'{"messages": [{"role": "user", "content": ' + b"[" * 900 + b"]" * 900 + b"}]}\n",
    ),
    "very many values": ("x.json", lambda: b"[" + b"0," * 1_000_000 + b"0]"),
    "very many lists": ("x.json", lambda: b"[" + b"[]," * 1_000_000 + b"[]]"),
    "a number without end": ("x.json", lambda: b"[" + b"9" * 1_000_000 + b"]"),
    "one long utterance": (
        "x.jsonl",
        lambda: json.dumps(
            {"messages": [{"role": "user", "content": "x" * 3_000_000}, {"role": "assistant", "content": "y"}]}
        ).encode(),
    ),
    "one long line of nothing": ("x.jsonl", lambda: b" " * 3_000_000 + b"\n{"),
    "lines of nothing": ("x.jsonl", lambda: b"\n" * 300_000 + b"{"),
    "a picture": ("x.json", lambda: PNG),
    "a picture as a table": ("x.csv", lambda: PNG),
    "a picture in a zip": ("x.zip", lambda: zipped({"x.png": PNG, "y.json": PNG})),
    "zeros": ("x.json", lambda: bytes(3_000_000)),
    "a program": ("x.json", lambda: b"\x7fELF" + bytes(5_000)),
    "marks of UTF-16": ("x.json", lambda: b"\xff\xfe" + b"\xd8" * 3_001),
}


@pytest.fixture
def small(monkeypatch):
    """Bounds a twentieth of the real ones, so that a bomb of a tenth shows that they hold."""
    for name, bound in {
        "MAX_BYTES": 20_000_000,
        "MOST_UNFOLDED": 5_000_000,
        "MOST_MEMBERS": 1_000,
        "MOST_VALUES": 500_000,
    }.items():
        monkeypatch.setattr(files, name, bound)
    monkeypatch.setattr("chatbot.corpus.reading.parquet.MAX_BYTES", 20_000_000)
    monkeypatch.setattr("chatbot.core.sheets.MOST_ROWS", 2_000)


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize(
    "reader",
    [read_conversations, read_hotel_file, lambda path: list(read_hotels(path))],
    ids=["corpus", "hotels", "own"],
)
def test_a_bomb_is_refused_in_words_and_within_memory(name, reader, small, tmp_path):
    file, make = BOMBS[name]
    (tmp_path / file).write_bytes(make())
    tracemalloc.start()
    try:
        with pytest.raises(WorkbenchError) as refused:
            reader(tmp_path / file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.text("zh") and peak < 200_000_000


def test_a_preview_of_bombs_says_what_is_left_out_and_reads_the_rest(small, tmp_path):
    line = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    (tmp_path / "x.jsonl").write_bytes(
        line + BOMBS["one long utterance"][1]() + b"\n" + BOMBS["deep lists in a line"][1]() + line
    )
    found = read(tmp_path / "x.jsonl")
    assert len(found.conversations) == 2 and [one.line for one in found.preview.left_out] == [2, 3]


def test_a_file_without_end_is_read_no_further_than_the_bound(small):
    with pytest.raises(InputError) as refused:
        list(files.parts("/dev/zero"))
    assert refused.value.code == "core.file_large"


def test_what_crosswoz_needs_is_within_the_bounds():
    assert files.MAX_BYTES >= 4 * 100_000_000 and files.MOST_VALUES >= 20_000_000 and files.MOST_MEMBERS >= 1_000


def test_a_named_pipe_that_closes_is_a_file_like_any_other(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    writer = threading.Thread(target=lambda: (tmp_path / "x.json").write_bytes(b"[]"))
    writer.start()
    assert [part.content for part in files.parts(tmp_path / "x.json")] == [b"[]"]
    writer.join()
