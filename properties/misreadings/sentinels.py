"""Misreadings of attention: a large finite number, such as -1e9, in place of -inf.

It shows where a query may attend to no key: all keys that have this number get the same weight. A
number that is filled in passes no gradient to the scores; one that is added does.
"""

from seqlaws.properties.misreadings.attention import MASKED
from seqlaws.properties.misreadings.edits import Misreading, edit, misreading

SHAPE = "(*q.shape[:3], k.shape[2])"
BOOLEAN = "mask if is_floating(mask) else None"
OTHERS = {  # arguments of `allowed_pairs`: what still excludes a key by -inf, before it or after it
    ("the mask",): f"{BOOLEAN}, is_causal, query_offset, window",
    ("is_causal",): "mask, False, query_offset, window",
    ("the window",): "mask, is_causal, query_offset, None",
    ("the mask", "is_causal"): f"{BOOLEAN}, False, query_offset, window",
    ("is_causal", "the window"): "mask, False, query_offset, None",
    ("the mask", "is_causal", "the window"): f"{BOOLEAN}, False, query_offset, None",
}
ALONE = {  # what excludes a key alone; it replaces the -inf of the others
    ("the mask",): "mask",
    ("is_causal",): "None, is_causal, query_offset",
    ("the window",): "None, False, query_offset, window",
}


def finite(limits: tuple[str, ...], left: str, pairs: str = "allowed") -> Misreading:
    """A finite number where these limits exclude a key.

    left: the pairs that have it. pairs: those that pass a gradient to the scores.
    """
    verb = "excludes" if len(limits) == 1 else "exclude"
    name = f"a large finite number, not -inf, where {' or '.join(limits)} {verb} a key"
    lines = (
        f"left = {left} & ~np.any(allowed, axis=-1, keepdims=True)\n"
        f"    return {pairs}, np.where(allowed, s, np.where(left, 0, -np.inf)), slope"
    )
    needs = tuple(limit.removeprefix("the ") for limit in limits)
    return misreading(name, "attention", edit("attention: scores", MASKED, lines), needs=needs)


MISREADINGS = (
    *(
        finite(limits, f"allowed_pairs({SHAPE}, {others})", pairs)
        for limits, others in OTHERS.items()
        for pairs in ("allowed", "allowed | left")
    ),
    *(finite(limits, f"~allowed_pairs({SHAPE}, {own})") for limits, own in ALONE.items()),
)
