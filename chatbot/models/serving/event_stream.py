"""Server-sent events as they arrive: lines of bytes, cut anywhere, with comments in between that only keep the connection alive."""

from collections.abc import Iterable, Iterator

LONGEST = 4_000_000
"""Bytes of one event; a server that sends more is no chat endpoint."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, which are CR, LF or both; text's own separators (U+2028) end none.

    Raises:
        ValueError: a line is too long.
    """
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) > LONGEST:
            raise ValueError(f"a line of more than {LONGEST} bytes")
        # A CR at the end may be the first half of an end of line.
        whole, held = (held[:-1], held[-1:]) if held.endswith(b"\r") else (held, b"")
        *lines, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        held = rest + held
        yield from lines
    yield held.rstrip(b"\r")


def events_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event; "" for a comment, so that whoever waits can look up in between.

    Raises:
        ValueError: a line or an event is too long, or is no UTF-8.
    """
    data: list[str] = []
    for line in lines_of(chunks):
        if line.startswith(b"data:"):
            data.append(line.removeprefix(b"data:").removeprefix(b" ").decode())
            if sum(map(len, data)) > LONGEST:
                raise ValueError(f"an event of more than {LONGEST} bytes")
        elif not line:
            yield "\n".join(data)
            data = []
        else:
            yield ""
    if data:  # a server that hangs up without the empty line
        yield "\n".join(data)
