"""Spellings of a name: what makes two of them one, its slug, what it becomes when misread."""

from __future__ import annotations

import re
import unicodedata

# In which names of files get written and read: today's, Windows', DOS's and the old Mac's.
_ENCODINGS = ("utf-8", "cp1252", "latin-1", "cp437", "cp850", "mac-roman")


def key(text: str) -> str:
    """The words of a text, without case, diacritics and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", letters.casefold()))


def slug(name: str) -> str:
    """The name in ASCII for ids and addresses: `Paul Cézanne` becomes `paul-cezanne`."""
    return "-".join(re.findall(r"[a-z0-9]+", key(name)))


def misread(text: str) -> set[str]:
    """What becomes of a text that is written in one encoding and read in another, even twice.

    Only of texts that are mostly ASCII: of others no letter would be left.
    """
    if text.isascii() or 2 * len(text.encode("ascii", "ignore")) < len(text):
        return set()
    german = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ß": "ss"})
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    once = {
        _read_as(form, written, read)
        for form in forms
        for written in _ENCODINGS
        for read in _ENCODINGS
        if written != read
    }
    # Archives go through several hands, each of which reads UTF-8 as something else.
    twice = {_read_as(form, "utf-8", read) for form in once for read in _ENCODINGS[1:]}
    found = {unicodedata.normalize("NFC", text).translate(german)} | once | twice
    # And "?" is what some make of a letter that they do not have.
    return found | {form.encode("ascii", "replace").decode() for form in forms}


def _read_as(text: str, written: str, read: str) -> str:
    return text.encode(written, "replace").decode(read, "replace")
