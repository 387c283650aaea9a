"""Misreadings of attention in which an option is heeded, but not beside another."""

from seqlaws.properties.misreadings.attention import first

IGNORED_WITH = [
    (option, off, other, given)
    for option, off in (
        ("is_causal", "False"),
        ("mask", "None"),
        ("window", "None"),
        ("softcap", "None"),
        ("scale", "None"),
        ("query_offset", "0"),
    )
    for other, given in (
        ("mask", "mask is not None"),
        ("a boolean mask", "mask is not None and mask.dtype == bool"),
        ("a float mask", "mask is not None and mask.dtype != bool"),
        ("is_causal", "is_causal"),
        ("window", "window is not None"),
        ("softcap", "softcap is not None"),
        ("query_offset", "query_offset != 0"),
        ("grouped heads", "q.shape[1] != k.shape[1]"),
        ("a single query", "q.shape[2] == 1"),
        ("L = S", "q.shape[2] == k.shape[2]"),
        ("L != S", "q.shape[2] != k.shape[2]"),
        ("more than one batch entry", "q.shape[0] > 1"),
    )
    if option not in other
]

MISREADINGS = tuple(
    first(f"{option} ignored with {other}", f"{option} = {off} if {given} else {option}")
    for option, off, other, given in IGNORED_WITH
)
