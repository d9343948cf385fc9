"""A download is trusted only when its checksum fits, goes on where it stopped, and tells the way by hand when it fails."""

import hashlib

import httpx
import pytest

from chatbot.core.errors import DownloadError
from chatbot.hotels.download import Source, download

BODY = bytes(range(256)) * 40
SOURCE = Source("hotels.json", "https://example.org/hotels.json", hashlib.sha256(BODY).hexdigest(), "none")


class Server:
    """Answers with BODY, honours ranges, and fails the first `failures` requests."""

    def __init__(self, failures=0, body=BODY):
        self.failures, self.body, self.ranges = failures, body, []

    def __call__(self, request):
        self.ranges.append(request.headers.get("Range"))
        if len(self.ranges) <= self.failures:
            raise httpx.ConnectError("no network", request=request)
        start = int((self.ranges[-1] or "bytes=0-")[6:-1])
        if start >= len(self.body):
            return httpx.Response(416)
        return httpx.Response(206 if start else 200, content=self.body[start:])


def _get(folder, server):
    return download(SOURCE, folder, httpx.MockTransport(server), attempts=2)


def test_a_file_that_fits_its_checksum_is_kept_and_not_fetched_again(tmp_path):
    server = Server()
    assert _get(tmp_path, server).read_bytes() == BODY
    assert _get(tmp_path, server) == tmp_path / "hotels.json"
    assert server.ranges == [None]


@pytest.mark.parametrize("have", [1000, len(BODY)])
def test_a_download_goes_on_where_it_stopped(tmp_path, have):
    (tmp_path / "hotels.json.part").write_bytes(BODY[:have])
    server = Server()
    assert _get(tmp_path, server).read_bytes() == BODY
    assert server.ranges == [f"bytes={have}-"]


def test_a_short_loss_of_network_is_survived(tmp_path):
    assert _get(tmp_path, Server(failures=1)).read_bytes() == BODY


def test_without_a_network_the_way_by_hand_is_told(tmp_path):
    with pytest.raises(DownloadError, match=r"example\.org/hotels\.json.*--hotels"):
        _get(tmp_path, Server(failures=9))


def test_a_file_with_another_checksum_is_not_kept(tmp_path):
    with pytest.raises(DownloadError, match="SHA-256"):
        _get(tmp_path, Server(body=b"forged"))
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_of_the_server_is_told(tmp_path):
    with pytest.raises(DownloadError, match="404"):
        download(SOURCE, tmp_path, httpx.MockTransport(lambda request: httpx.Response(404)))
