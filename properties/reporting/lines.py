"""Texts cut and wrapped for a terminal."""

import textwrap
from collections import Counter
from collections.abc import Iterable


def counted(names: Iterable[str]) -> list[str]:
    """Each name once, with how often it is there, the commonest first."""
    return [f"{n} ({k})" if k > 1 else n for n, k in Counter(names).most_common()]


def plural(count: int, word: str) -> str:
    """The word, with an s unless there is one."""
    return word if count == 1 else f"{word}s"


def shorten(text: str, width: int, *, keep: bool = False) -> str:
    """The text in one line of at most so many characters. keep: its blanks."""
    text = text if keep or text.startswith(" ") else " ".join(text.split())
    return text if len(text) <= width else text[: width - 4].rstrip() + " ..."


def clipped(text: str, width: int, lines: int) -> list[str]:
    """The text in at most so many lines."""
    found = textwrap.wrap(text, width, subsequent_indent="  ")
    if len(found) > lines:
        found = [*found[: lines - 1], shorten(found[lines - 1] + " ...", width, keep=True)]
    return found
