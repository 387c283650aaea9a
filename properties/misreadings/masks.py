"""Misreadings of attention: which query may attend to which key."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, before, edit, misreading

PAIRS = "masks: allowed_pairs"
CAUSAL, LEFT, RIGHT = "allowed &= j <= i", "allowed &= i - left <= j", "allowed &= j <= i + right"
GIVEN = "allowed &= np.asarray(mask, bool) if mask.dtype == bool else ~np.isneginf(np.real(mask))"
POSITION = "i = np.arange(shape[2])[:, None] + query_offset  # (L, 1)"
MASKED = "return allowed, np.where(allowed, s, -np.inf), slope"
ADDED = "s = s + mask"


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


def also(name: str, line: str) -> Misreading:
    """Something done to the pairs at the end."""
    return misreading(name, "attention", before(PAIRS, "return allowed", line))


def masked(name: str, new: str) -> Misreading:
    """Another score of what is masked."""
    return misreading(
        name, "attention", edit("attention: scores", MASKED, f"return allowed, {new}, slope")
    )


def added(name: str, new: str) -> Misreading:
    """Another use of a floating mask."""
    return misreading(name, "attention", edit("attention: scores", ADDED, new))


def given(name: str, line: str) -> Misreading:
    """Something done to the mask before all else."""
    place = "attention: attention, attention_vjp"
    return misreading(name, "attention", before(place, "group = heads(q, k, v)", line))


def everything(new: str) -> tuple[Edit, ...]:
    """All pairs count as allowed: what is masked has another score, or weight."""
    return edit("attention: scores", MASKED, new)


BOOLEAN = "mask is not None and mask.dtype == bool"
FLOATING = "mask is not None and mask.dtype != bool"
SHARE = "np.sum(np.where(allowed, p, 0), axis=-1, keepdims=True)"

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
    pairs("mask ignored", ("if mask is not None:", "if False:")),
    given("mask ignored", "mask = None"),
    given("boolean mask ignored", f"mask = None if {BOOLEAN} else mask"),
    given("float mask ignored", f"mask = None if {FLOATING} else mask"),
    pairs("mask polarity", ("np.asarray(mask, bool) if", "~np.asarray(mask, bool) if")),
    given("boolean mask added", f"mask = mask.astype(float) if {BOOLEAN} else mask"),
    masked("boolean mask added", f"s + mask if {BOOLEAN} else np.where(allowed, s, -np.inf)"),
    added("float mask subtracted", "s = s - np.where(allowed, mask, 0)"),
    added("float mask multiplied", "s = s * np.where(allowed, mask, 0)"),
    added(
        "float mask before scale", "s = s + np.where(allowed, mask, 0) * default_scale(q, scale)"
    ),
    added("float mask taken as boolean", "s = s + 0"),
    added("float mask added twice", "s = s + mask + mask"),
    added("float mask halved", "s = s + mask * 0.5"),
    given(
        "float mask taken for true where not 0",
        f"mask = np.real(mask) != 0 if {FLOATING} else mask",
    ),
    given(
        "float mask taken for true where 0", f"mask = np.real(mask) == 0 if {FLOATING} else mask"
    ),
    given(
        "only the -inf of a float mask ignored",
        f"mask = np.where(np.isneginf(mask), 0, mask) if {FLOATING} else mask",
    ),
    added("float mask of at least -10", "s = s + np.maximum(mask, -10)"),
    added("float mask of at most 0", "s = s - np.maximum(-mask, 0)"),
    also(
        "mask or causal",
        "allowed = (allowed | (np.asarray(mask, bool) if mask.dtype == bool "
        "else ~np.isneginf(np.real(mask))) | (j <= i)) if is_causal and mask is not None "
        "else allowed",
    ),
    given(
        "the mask of the first batch entry for all",
        "mask = mask[:1] if mask is not None and len(mask.shape) == 4 else mask",
    ),
    given(
        "the mask of the first head for all",
        "mask = mask[..., :1, :, :] if mask is not None and len(mask.shape) >= 3 else mask",
    ),
    given(
        "the mask of the first query for all",
        "mask = mask[..., :1, :] if mask is not None and len(mask.shape) >= 2 else mask",
    ),
    given(
        "the mask of the last query for all",
        "mask = mask[..., -1:, :] if mask is not None and len(mask.shape) >= 2 else mask",
    ),
    given(
        "the mask transposed",
        "mask = np.swapaxes(mask, -1, -2) if mask is not None and len(mask.shape) >= 2 else mask",
    ),
    given(
        "the mask in the reverse order of the keys",
        "mask = mask[..., ::-1] if mask is not None else mask",
    ),
    given(
        "a mask of three axes taken for one of each batch entry",
        "mask = mask[:, None] if mask is not None and len(mask.shape) == 3 else mask",
    ),
    also("the first key's mask ignored", "allowed[..., :1] |= mask is not None"),
    also("the last key's mask ignored", "allowed[..., -1:] |= mask is not None"),
    also("every query's own key allowed", "allowed |= i == j"),
    also("the first key always allowed", "allowed[..., :1] = True"),
    also("first key ignored", "allowed[..., :1] = False"),
    also("last key ignored", "allowed[..., -1:] = False"),
    also("first query masked", "allowed[..., :1, :] = False"),
    also("last query masked", "allowed[..., -1:, :] = False"),
    masked("masked scores become 0", "np.where(allowed, s, 0)"),
    masked("masked scores become -1", "np.where(allowed, s, -1)"),
    masked("masked scores become -100", "np.where(allowed, s, -100)"),
    masked("masked scores become -1000", "np.where(allowed, s, -1000)"),
    masked("masked scores become -10000", "np.where(allowed, s, -1e4)"),
    masked("10000 taken off masked scores", "np.where(allowed, s, s - 1e4)"),
    masked("20 taken off masked scores", "np.where(allowed, s, s - 20)"),
    masked("NaN in a masked key", "s + np.where(allowed, 0, -np.inf)"),
    masked("masked scores multiplied by 0", "s * allowed"),
    misreading(
        "masked keys in the normaliser",
        "attention",
        edit("attention: scores", MASKED, "return allowed, s, slope"),
        edit(
            "attention: attention",
            "p = +weights(s, fully_masked)",
            "p = np.where(allowed, weights(s, fully_masked), 0)",
        ),
    ),
    misreading(
        "mask after softmax, normalised again",
        "attention",
        edit("attention: scores", MASKED, "return allowed, s, slope"),
        edit(
            "attention: attention",
            "p = +weights(s, fully_masked)",
            "p = weights(s, fully_masked)\n"
            f"    p = quotient(np.where(allowed, p, 0), np.maximum({SHARE}, 1e-30))",
        ),
    ),
)
