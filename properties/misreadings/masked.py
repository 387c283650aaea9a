"""Misreadings of attention: the mask, what is masked, and a query that may attend to nothing."""

from seqlaws.properties.misreadings.attention import MASKED
from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading
from seqlaws.properties.misreadings.masks import PAIRS, pairs

ADDED = "s = s + mask"
BOOLEAN = "mask is not None and mask.dtype == bool"
FLOATING = "mask is not None and mask.dtype != bool"
SHARE = "np.sum(np.where(allowed, p, 0), axis=-1, keepdims=True)"
FIRST_KEY, LAST_KEY = "np.arange(s.shape[3]) == 0", "np.arange(s.shape[3]) == s.shape[3] - 1"
NOBODY = "~np.any(allowed, axis=-1, keepdims=True)"


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


def empty(name: str, keys: str) -> Misreading:
    """One key's value for a query that may attend to nothing."""
    old, matmul = "p = +weights(s, fully_masked)", "matmul_where(counted(allowed, fully_masked)"
    return misreading(
        name,
        "attention",
        edit("attention: attention", old, f"p = np.where({NOBODY} & ({keys}), 1, {old[5:]})"),
        edit("attention: attention", matmul, 'matmul_where(counted(allowed, "mean")'),
    )


MISREADINGS = (
    pairs("mask ignored", ("if mask is not None:", "if False:")),
    given("mask ignored", "mask = None"),
    given("boolean mask ignored", f"mask = None if {BOOLEAN} else mask"),
    given("float mask ignored", f"mask = None if {FLOATING} else mask"),
    pairs("mask polarity", ("np.asarray(mask, bool) if", "~np.asarray(mask, bool) if")),
    given("boolean mask added", f"mask = mask.astype(float) if {BOOLEAN} else mask"),
    masked("boolean mask added", f"s + mask if {BOOLEAN} else np.where(allowed, s, -np.inf)"),
    added("float mask subtracted", "s = s - np.where(allowed, mask, 0)"),
    added("float mask multiplied", "s = s * np.where(allowed, mask, 0)"),
    given(
        "float mask taken for true where positive",
        f"mask = np.real(mask) > 0 if {FLOATING} else mask",
    ),
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
    *(
        given(
            f"a float mask of at most {least} taken for -inf",
            f"mask = np.where(np.real(mask) <= {least}, -np.inf, mask) if {FLOATING} else mask",
        )
        for least in ("-1e4", "-1e9", "-1e8", "-1e6", "-1e5", "-65504", "-1e3", "-1e2")
    ),
    added("float mask of at least -10", "s = s + np.maximum(mask, -10)"),
    added("float mask of at most 0", "s = s - np.maximum(-mask, 0)"),
    also(
        "mask or causal",
        "allowed = (allowed | (np.asarray(mask, bool) if mask.dtype == bool "
        "else ~np.isneginf(np.real(mask))) | (j <= i)) if is_causal and mask is not None "
        "else allowed",
    ),
    *(
        pairs(
            f"the mask of the first {what} for all",
            (
                'broadcasts("attention", "mask", mask, shape)',
                (
                    'broadcasts("attention", "mask", mask, shape)\n'
                    f"        mask = {part} if len(mask.shape) == 4 else mask"
                ),
            ),
        )
        for what, part in (("batch entry", "mask[:1]"), ("head", "mask[:, :1]"))
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
    masked("masked scores set to 0", "np.where(allowed, s, 0)"),
    masked("masked scores set to -1", "np.where(allowed, s, -1)"),
    masked("masked scores set to -100", "np.where(allowed, s, -100)"),
    masked("masked scores set to -1000", "np.where(allowed, s, -1000)"),
    masked("masked scores set to -10000", "np.where(allowed, s, -1e4)"),
    masked("masked scores set to -50000", "np.where(allowed, s, -5e4)"),
    masked("masked scores set to -65504", "np.where(allowed, s, -65504)"),
    masked("masked scores set to -1e9", "np.where(allowed, s, -1e9)"),
    masked("masked scores set to the lowest finite number", "np.where(allowed, s, -1e38)"),
    masked("1e9 taken off masked scores", "np.where(allowed, s, s - 1e9)"),
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
        "masked keys in the normaliser",
        "attention",
        edit(
            "attention: attention",
            "p = +weights(s, fully_masked)",
            "whole = scores(q, k, None, False, scale, 0, None, softcap)[1]\n"
            "    p = np.exp(s - log_sum_exp(whole))",
        ),
    ),
    misreading(
        "mask after softmax, normalised again",
        "attention",
        edit(
            "attention: attention",
            "p = +weights(s, fully_masked)",
            "p = weights(scores(q, k, None, False, scale, 0, None, softcap)[1], fully_masked)\n"
            f"    p = quotient(np.where(allowed, p, 0), np.maximum({SHARE}, 1e-30))",
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
    empty("the first key's value for a fully masked row", FIRST_KEY),
    empty("the last key's value for a fully masked row", LAST_KEY),
)
