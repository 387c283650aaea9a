"""Misreadings of attention: the causal rule, the offset, the window."""

from seqlaws.properties.misreadings.edits import Misreading, edit, misreading

PAIRS = "masks: allowed_pairs"
LEFT, RIGHT = "allowed &= i - left <= j", "allowed &= j <= i + right"


def pairs(name: str, *changes: tuple[str, str]) -> Misreading:
    """Other pairs."""
    edits = [edit(PAIRS, old, new) for old, new in changes]
    return misreading(name, "attention", *edits)


def causal(name: str, new: str) -> Misreading:
    """Another causal rule."""
    return pairs(name, ("        allowed &= j <= i\n", f"        allowed &= {new}\n"))


def bounds(name: str, line: str) -> Misreading:
    """Something done to the window's bounds."""
    old = "left, right = window\n"
    return pairs(name, (old, f"{old}        {line}\n"))


MISREADINGS = (
    pairs("is_causal ignored", ("if is_causal:", "if False:")),
    causal("causal off by one", "j < i"),
    causal("causal off by one", "j <= i + 1"),
    causal("causal reversed", "j >= i"),
    causal("causal reversed and off by one", "j > i"),
    causal("causal bottom-right", "j <= i + shape[3] - shape[2]"),
    causal("causal bottom-right", "j <= i - query_offset + shape[3] - shape[2]"),
    causal("causal top-left", "j <= i - query_offset"),
    causal(
        "causal bottom-right where query_offset is 0",
        "j <= i + (0 if query_offset else shape[3] - shape[2])",
    ),
    causal(
        "causal bottom-right where queries exceed keys",
        "j <= i + (0 if query_offset else min(shape[3] - shape[2], 0))",
    ),
    causal(
        "causal bottom-right where keys exceed queries",
        "j <= i + (0 if query_offset else max(shape[3] - shape[2], 0))",
    ),
    causal("only a query's own position under is_causal", "j == i"),
    causal("causal for keys and queries swapped", "shape[3] - 1 - j <= i"),
    pairs("is_causal always on", ("if is_causal:", "if True:")),
    pairs("query_offset ignored", (" + query_offset  # (L, 1)", "")),
    causal("query_offset ignored by is_causal", "j <= i - query_offset"),
    pairs(
        "query_offset ignored by the window",
        (LEFT, "allowed &= i - query_offset - left <= j"),
        (RIGHT, "allowed &= j <= i - query_offset + right"),
    ),
    pairs("query_offset doubled", ("+ query_offset  #", "+ 2 * query_offset  #")),
    causal("query_offset doubled", "j <= i + query_offset"),
    pairs("query_offset with the wrong sign", ("+ query_offset  #", "- query_offset  #")),
    causal("query_offset with the wrong sign", "j <= i - 2 * query_offset"),
    pairs(
        "query_offset with the wrong sign in the window",
        (LEFT, "allowed &= i - 2 * query_offset - left <= j"),
        (RIGHT, "allowed &= j <= i - 2 * query_offset + right"),
    ),
    pairs(
        "query_offset one short", ("+ query_offset  #", "+ query_offset - (query_offset > 0)  #")
    ),
    causal("query_offset one short", "j <= i - (query_offset > 0)"),
    pairs("query_offset one more", ("+ query_offset  #", "+ query_offset + (query_offset > 0)  #")),
    pairs(
        "a negative query_offset raised to 0", ("+ query_offset  #", "+ max(query_offset, 0)  #")
    ),
    pairs("the magnitude of query_offset", ("+ query_offset  #", "+ abs(query_offset)  #")),
    pairs(
        "query_offset only for a single query",
        ("+ query_offset  #", "+ (query_offset if shape[2] == 1 else 0)  #"),
    ),
    pairs(
        "query_offset ignored for a single query",
        ("+ query_offset  #", "+ (query_offset if shape[2] != 1 else 0)  #"),
    ),
    pairs(
        "query_offset added to the keys",
        ("j = np.arange(shape[3])", "j = np.arange(shape[3]) + 2 * query_offset"),
    ),
    pairs("window ignored", ("if window is not None:", "if False:")),
    pairs("left bound of the window ignored", ("if left is not None:", "if False:")),
    pairs("right bound of the window ignored", ("if right is not None:", "if False:")),
    pairs("window off by one on the left", (LEFT, "allowed &= i - left < j")),
    pairs("window off by one on the left", (LEFT, "allowed &= i - left <= j + 1")),
    pairs("window off by one on the right", (RIGHT, "allowed &= j < i + right")),
    pairs("window off by one on the right", (RIGHT, "allowed &= j <= i + right + 1")),
    pairs(
        "window off by one on both sides",
        (LEFT, "allowed &= i - left < j"),
        (RIGHT, "allowed &= j < i + right"),
    ),
    pairs(
        "window off by one on both sides",
        (LEFT, "allowed &= i - left <= j + 1"),
        (RIGHT, "allowed &= j <= i + right + 1"),
    ),
    pairs(
        "window moved by one to the left",
        (LEFT, "allowed &= i - left <= j + 1"),
        (RIGHT, "allowed &= j < i + right"),
    ),
    pairs(
        "window moved by one to the right",
        (LEFT, "allowed &= i - left < j"),
        (RIGHT, "allowed &= j <= i + right + 1"),
    ),
    pairs("window sides swapped", ("left, right = window", "right, left = window")),
    pairs(
        "left bound of the window on both sides",
        ("left, right = window", "left, right = window[0], window[0]"),
    ),
    pairs(
        "right bound of the window on both sides",
        ("left, right = window", "left, right = window[1], window[1]"),
    ),
    bounds("an unbounded side of the window taken for 0", "left, right = left or 0, right or 0"),
    bounds("a bound of 0 taken for unbounded", "left, right = left or None, right or None"),
    bounds("a left bound of 0 taken for unbounded", "left = left or None"),
    bounds("a right bound of 0 taken for unbounded", "right = right or None"),
    bounds("a right bound of the window of 0", "right = 0"),
    bounds(
        "a window of half the size",
        "left, right = (None if s is None else s // 2 for s in (left, right))",
    ),
    bounds("a left bound of the window of at most 16", "left = left and min(left, 16)"),
    pairs(
        "window aligned bottom-right",
        (LEFT, "allowed &= i + shape[3] - shape[2] - left <= j"),
        (RIGHT, "allowed &= j <= i + shape[3] - shape[2] + right"),
    ),
    pairs(
        "window aligned bottom-right",
        (LEFT, "allowed &= i - query_offset + shape[3] - shape[2] - left <= j"),
        (RIGHT, "allowed &= j <= i - query_offset + shape[3] - shape[2] + right"),
    ),
    pairs("window inverted", (LEFT, "allowed &= i - left > j")),
)
