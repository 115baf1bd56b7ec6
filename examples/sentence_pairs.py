"""English sentences with their French translations: the messages of a chat program, translated by people.

They are the catalogues of the npm package matrix-react-sdk (AGPL or GPL). npm fetches it once,
into the user's cache directory. Nothing of it is part of this repository.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator

from npm_data import Package, fetch

PACKAGE = Package(
    "matrix-react-sdk",
    "3.114.0",
    20575661,
    "LeHJx54SksTAKtf53mXEpp9smrw9hiEyhGRJhV9I2ZN1gFewhfit9Ey8tnqCJnag//0giTm+l4RKl86XUiotRA==",
)
_WORD = re.compile(r"\w+'|\w+|[^\w\s]")
_BLANK = re.compile(r"%\(\w+\)s")  # what the program fills in
_MARKUP = re.compile(r"[%<>{}]")

Words = list[str]


def load_data(longest: int) -> list[tuple[Words, Words]]:
    """Pairs of sentences as lists of words in lower case, without those that have markup or more than `longest` words.

    "_" is what the program fills in: a name, a number.
    """
    with tarfile.open(fetch(PACKAGE)) as package:
        english, french = (dict(_texts(_catalogue(package, name))) for name in ("en_EN", "fr"))
    pairs = {}
    for key, text in english.items():
        text, translation = (_BLANK.sub(" _ ", each) for each in (text, french.get(key, text)))
        if translation != text and not _MARKUP.search(text + translation):
            words, translated = (_WORD.findall(each.lower().replace("’", "'")) for each in (text, translation))
            if 3 <= len(words) <= longest and len(translated) <= longest:
                pairs[tuple(words)] = (words, translated)
    return list(pairs.values())


def _catalogue(package: tarfile.TarFile, name: str) -> dict:
    file = package.extractfile(f"package/src/i18n/strings/{name}.json")
    assert file is not None
    return json.load(file)


def _texts(messages: dict, path: str = "") -> Iterator[tuple[str, str]]:
    for key, message in messages.items():
        if isinstance(message, dict):
            yield from _texts(message, f"{path}|{key}")
        else:
            yield f"{path}|{key}", message
