"""The real hotel database, fetched where a network is and trusted only after its checksum: it is not ours to ship."""

from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from chatbot.core.errors import DownloadError
from chatbot.core.files import sha256


@dataclass(frozen=True)
class Source:
    """A file on the web that never changes: its address, SHA-256, licence, and the option or command that takes it."""

    name: str
    url: str
    sha256: str
    licence: str
    used_as: str = "--hotels"


CROSSWOZ_HOTELS = Source(
    name="hotel_db.json",
    url="https://raw.githubusercontent.com/thu-coai/CrossWOZ/a92c9936819b87d710787f0d7254e39467537d5a/data/crosswoz/database/hotel_db.json",
    sha256="5746b3846f285c82dd7640b50d3ac21f2ae929f52fdca2b603e452585a4a694e",
    licence="Apache-2.0, thu-coai/CrossWOZ",
)
"""1,133 hotels in Beijing."""


def download(source: Source, folder: Path, transport: httpx.BaseTransport | None = None, attempts: int = 3) -> Path:
    """Fetch a file, going on where an earlier attempt stopped; a file that is there and whole is left alone.

    Args:
        transport: what carries the requests; None for the network.

    Raises:
        DownloadError: no network, or a checksum that differs; the message names the way by hand.
    """
    target = Path(folder) / source.name
    if target.is_file() and sha256(target) == source.sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    again = Retrying(
        stop=stop_after_attempt(attempts),
        wait=wait_exponential(0.2, max=5),
        retry=retry_if_exception_type(httpx.TransportError),
        reraise=True,
    )
    try:
        with httpx.Client(transport=transport, follow_redirects=True, timeout=30) as client:
            again(_fetch, client, source.url, part)
    except (httpx.HTTPError, OSError) as error:
        raise DownloadError(
            "hotels.download_failed",
            value=error or type(error).__name__,
            name=source.name,
            url=source.url,
            used_as=source.used_as,
        ) from error
    if (found := sha256(part)) != source.sha256:
        part.unlink()
        raise DownloadError(
            "hotels.download_changed",
            value=found,
            name=source.name,
            url=source.url,
            sha256=source.sha256,
            used_as=source.used_as,
        )
    return part.replace(target)


def _fetch(client: httpx.Client, url: str, part: Path) -> None:
    """Append what is missing; a server that ignores the range sends all from the start. 416 means that nothing is missing."""
    have = part.stat().st_size if part.exists() else 0
    with client.stream(
        "GET", url, headers={"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {}
    ) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return
        response.raise_for_status()
        with part.open("ab" if response.status_code == httpx.codes.PARTIAL_CONTENT else "wb") as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
