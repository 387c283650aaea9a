"""Numbers and strangers' text in a form that can be read, in HTML and in Markdown."""

import math
import re
import unicodedata

STATUS_SIGNS = {
    "passed": "✓",
    "failed": "✗",
    "known failure": "!",
    "SHOULD failed": "~",
    "not offered": "-",
    "not run": "○",
}
SHORT = {"known failure": "known"}  # as the table at the end of a run says it
CONTROL_PICTURES = 0x2400  # the characters that stand for NUL, SOH, ... unit separator
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # categories that show nothing, or turn text


def visible(text: str) -> str:
    """The text with whatever is not seen, or turns what is around it, as something to be seen.

    Line feeds and tabs stay; U+202E, which turns the direction of what follows, becomes <U+202E>.
    """
    return "".join(c if ord(c) < 0x7F and c.isprintable() else seen(c) for c in text)


def seen(character: str) -> str:
    """One character that can be read."""
    code = ord(character)
    if character in "\n\t":
        return character
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    if unicodedata.category(character) in UNSEEN:
        return f"<U+{code:04X}>"
    return character


def one_line(text: str) -> str:
    """The text on one line, all of it visible."""
    return " ".join(visible(text).split())


def code_span(text: str) -> str:
    """Strangers' text in Markdown, also within a table: nothing in it is markup, link or name."""
    text = one_line(text)
    if not text:
        return "` `"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def escaped(text: str) -> str:
    """Text in Markdown that others may have a part in: what could be markup or a link is not."""
    return re.sub(r"([\\`*_{}\[\]<>#|&~@$!]|(?<=:)/|(?<=w)\.)", r"\\\1", one_line(text))


def few(value: float) -> str:
    """About three significant digits; what is no number by name."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞" if value < 0 else "NaN"
    if value == 0 or 0.001 <= abs(value) < 100_000:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.2e}".replace("e-0", "e-").replace("e+0", "e+")


def exact(value: float) -> str:
    """Return a number with all its digits."""
    return few(value) if not math.isfinite(value) else repr(float(value))


def count(value: int) -> str:
    """A whole number, its thousands apart."""
    return f"{value:,}"


def share(part: float, whole: float) -> str:
    """A percentage that is 0% or 100% only where it really is."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.3g}%"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds * 1e9:.0f} ns"


def plural(number: int, noun: str, nouns: str = "") -> str:
    """A number and its noun."""
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"
