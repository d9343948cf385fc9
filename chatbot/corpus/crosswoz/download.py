"""Where CrossWOZ's dialogues come from: one revision of the original repository, with checksums."""

from chatbot.hotels.download import CROSSWOZ_HOTELS, Source

_REVISION = "df82c9fdff91b9b130f2d6b89110d3870ba6260e"


def _dialogues(side: str, sha256: str) -> Source:
    return Source(
        name=f"crosswoz-{side}.json.zip",
        url=f"https://raw.githubusercontent.com/thu-coai/CrossWOZ/{_REVISION}/data/crosswoz/{side}.json.zip",
        sha256=sha256,
        licence="Apache-2.0, thu-coai/CrossWOZ",
        used_as="python -m chatbot extract",
    )


SOURCES: dict[str, Source] = {
    "hotels": CROSSWOZ_HOTELS,
    "train": _dialogues("train", "b81f6a0845011bb4593d21dd58e2d76af4dd5d52e300ecc68cb8dee17ccc3cf8"),
    "val": _dialogues("val", "b2b717990f6f0a1c98daaf5dc465e61d42f7de69c0d31e88e674275b1f34c94c"),
    "test": _dialogues("test", "e57703894995211bba8638f130dc7df81e8992b71f3c05c10022ad23d6ca5310"),
}
"""What can be downloaded: the hotel database, and 5,012 / 500 / 500 dialogues."""
