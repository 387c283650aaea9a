"""Laws of attention: invariances, masks, and lookups with an exact result."""

import numpy as np

from seqlaws.properties.inputs.numbers import representable
from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Subject,
    agree,
    attended,
    drawn,
    exactly,
    law,
    require,
)

NO_POSITIONS = drawn(mask=None, is_causal=False, window=None, query_offset=0)
CAUSAL = drawn(is_causal=True, mask=None, window=None)
KEYS = ("k", "v")


def moved(expected: Expected, index: Array, axis: int) -> dict[str, Expected]:
    """Return the expected output with one axis reordered."""
    value, allowed = (np.take(z, index, axis) for z in expected)
    return {"out": Expected(value, allowed)}


@law("attention", share=0.2, cases=NO_POSITIONS)
def test_query_permutation(impl: Subject, case: Case) -> None:
    """Permuting the queries permutes the outputs: f(q[s], k, v) = f(q, k, v)[s]."""
    s = case.random().permutation(case.arrays["q"].shape[2])
    shuffled = case.having(q=case.arrays["q"][:, :, s])
    agree(impl, impl.run(shuffled), moved(impl.expected(case)["out"], s, 2))


@law("attention", share=0.2, cases=NO_POSITIONS)
def test_key_permutation(impl: Subject, case: Case) -> None:
    """The order of the key-value pairs does not matter: f(q, k[s], v[s]) = f(q, k, v)."""
    s = case.random().permutation(case.arrays["k"].shape[2])
    shuffled = case.having(**{n: case.arrays[n][:, :, s] for n in KEYS})
    agree(impl, impl.run(shuffled), impl.expected(case))


@law("attention", share=0.2)
def test_head_permutation(impl: Subject, case: Case) -> None:
    """Permuting the key heads, each with its query heads, permutes the output heads."""
    m = case.arrays["k"].shape[1]
    s = case.random().permutation(m)
    group = case.arrays["q"].shape[1] // m
    queries = (s[:, None] * group + np.arange(group)).ravel()
    changes = {"q": case.arrays["q"][:, queries], **{n: case.arrays[n][:, s] for n in KEYS}}
    mask = case.option("mask")
    if mask is not None and mask.ndim > 2 and mask.shape[-3] > 1:
        changes["mask"] = np.take(mask, queries, axis=-3)
    agree(impl, impl.run(case.having(**changes)), moved(impl.expected(case)["out"], queries, 1))


@law("attention", share=0.2)
def test_convexity(impl: Subject, case: Case) -> None:
    """An output entry lies between the least and greatest value that its query may attend to."""
    out, (value, allowed) = impl.run(case)["out"], impl.expected(case)["out"]
    v = np.repeat(case.arrays["v"], out.shape[1] // case.arrays["v"].shape[1], axis=1)
    seen = attended(case.having(query_offset=impl.offset(case)))[..., None]
    alive = np.any(seen, axis=3)
    spread = np.broadcast_to(v[:, :, None], (*seen.shape[:4], v.shape[-1]))
    most = np.max(np.where(seen, spread, -np.inf), axis=3, initial=-np.inf)
    least = np.min(np.where(seen, spread, np.inf), axis=3, initial=np.inf)
    nearest = np.where(alive, np.clip(out, least, most), value)
    agree(
        impl,
        {"out": out},
        {"out": Expected(nearest, allowed)},
        "an output is outside the range of the values",
    )


@law("attention", share=0.25, cases=CAUSAL, needs=("is_causal",))
def test_causality(impl: Subject, case: Case) -> None:
    """Keys and values after a query have no influence on its output."""
    before = impl.run(case)["out"]
    seen = attended(case.having(query_offset=impl.offset(case)))
    s = case.arrays["k"].shape[2]
    first = int(case.random().randint(0, s + 1))
    later = np.arange(s)[:, None] >= first
    changed = case.having(**{n: np.where(later, -3.0, case.arrays[n]) for n in KEYS})
    if impl.fully_masked(case) == "mean":  # then such a row takes every value
        seen = seen | ~np.any(seen, axis=-1, keepdims=True)
    untouched = ~np.any(seen[..., first:], axis=-1)[..., None]
    after = impl.run(changed)["out"]
    slack = np.where(untouched, 2 * impl.expected(case)["out"].allowed, np.inf)
    agree(
        impl,
        {"out": after},
        {"out": Expected(before, slack)},
        "a later key or value changes the output",
    )


@law("attention", share=0.25, needs=("is_causal", "mask"))
def test_causal_flag_is_its_mask(impl: Subject, case: Case) -> None:
    """is_causal=True equals the mask key <= query + query_offset, with any other options."""
    flagged = case.having(is_causal=True)
    offset = impl.offset(flagged)
    bare = case.without("mask", "window").having(is_causal=True, query_offset=offset)
    explicit = case.without("is_causal").having(mask=combined(case.option("mask"), attended(bare)))
    agree(impl, impl.run(flagged), impl.expected(flagged))
    agree(
        impl,
        impl.run(explicit),
        impl.expected(explicit),
        "is_causal and the equivalent mask give different outputs",
    )


@law("attention", share=0.25, needs=("window", "mask"))
def test_window_is_its_mask(impl: Subject, case: Case) -> None:
    """window=(left, right) equals the mask of the keys inside it, with any other options."""
    random = case.random()
    window = (int(random.randint(0, 4)), int(random.randint(0, 4)))
    windowed = case.having(window=window)
    bare = case.without("mask", "is_causal").having(window=window)
    explicit = case.without("window").having(mask=combined(case.option("mask"), attended(bare)))
    agree(
        impl,
        impl.run(explicit),
        impl.expected(explicit),
        "the window and the equivalent mask give different outputs",
    )
    agree(impl, impl.run(windowed), impl.expected(windowed))


@law("attention", share=0.2, needs=("mask",))
def test_boolean_mask_is_its_floating_one(impl: Subject, case: Case) -> None:
    """A boolean mask equals the floating mask with 0 for True and -inf for False."""
    keep = (
        case.random().random_sample((*case.arrays["q"].shape[:3], case.arrays["k"].shape[2])) < 0.7
    )
    boolean = case.having(mask=keep)
    agree(impl, impl.run(boolean), impl.expected(boolean))
    floating = case.having(mask=np.where(keep, 0.0, -np.inf))
    says = "the floating mask gives another result than the boolean mask"
    agree(impl, impl.run(floating), impl.expected(floating), says)


def combined(mask: Array | None, allowed: Array) -> Array:
    """Return a mask without the pairs that are not allowed."""
    if mask is None:
        return allowed
    return allowed & mask if mask.dtype == bool else np.where(allowed, mask, -np.inf)


@law("attention", share=0.25, section="edges", also=beyond_tiles)
def test_fully_masked_rows(impl: Subject, case: Case) -> None:
    """A query that may attend to no key gives the declared output: zeros, NaN or the mean."""
    if impl.offers("mask"):
        keep = case.random().random_sample((case.arrays["q"].shape[2], case.arrays["k"].shape[2]))
        dead = case.random(1).random_sample(len(keep)) < 0.5
        case = case.having(mask=(keep < 0.8) & ~dead[:, None])
    agree(
        impl,
        impl.run(case),
        impl.expected(case),
        "a fully masked row does not give the declared output",
    )


@law("attention", share=0.2, cases=NO_POSITIONS, section="edges")
def test_one_hot_retrieval_is_exact(impl: Subject, case: Case) -> None:
    """If one key scores 0 and all others -1000 or less, the output is that key's value."""
    scored = one_hot(impl, case, 0.0, -1024.0)
    if scored is None:
        return
    retrieval, target = scored
    due = Expected(target, impl.expected(retrieval)["out"].allowed)
    agree(
        impl, impl.run(retrieval), {"out": due}, "the output is not the value of the selected key"
    )


@law("attention", share=0.12, cases=NO_POSITIONS, section="edges")
def test_retrieval_beyond_the_range_of_exp(impl: Subject, case: Case) -> None:
    """If one key scores 1024 and all others 0, the output is its value; exp alone overflows."""
    scored = one_hot(impl, case, 1024.0, 0.0)
    if scored is None:
        return
    retrieval, _ = scored
    agree(impl, impl.run(retrieval), impl.expected(retrieval), "large scores overflow")


def one_hot(impl: Subject, case: Case, hit: float, miss: float) -> tuple[Case, Array] | None:
    """Return a case with score `hit` for one key per query, `miss` elsewhere, and that key's value.

    Key j is the j-th unit vector, and a query holds its scores. There is one feature for each key.
    """
    batch, heads, length, _ = case.arrays["q"].shape
    m, s = case.arrays["k"].shape[1:3]
    if not s or not length:
        return None
    chosen = case.random().randint(0, s, (batch, heads, length))
    unscaled = 1.0 if impl.offers("scale") else s**0.5  # the default is 1/sqrt(D), and D = S
    q = np.where(np.arange(s) == chosen[..., None], hit, miss) * unscaled
    k = np.broadcast_to(np.eye(s), (batch, m, s, s))
    held = representable(case.arrays["v"], "bfloat16")  # exact in every declared operand
    retrieval = case.without("softcap").having(q=q, k=np.array(k), v=held)
    if impl.offers("scale"):
        retrieval = retrieval.having(scale=1.0)
    v = np.repeat(retrieval.arrays["v"], heads // m, axis=1)
    return retrieval, np.take_along_axis(v, chosen[..., None], axis=2)


@law("attention", share=0.2, cases=drawn(poison=(0.0,)))
def test_uniform_average_of_integers(impl: Subject, case: Case) -> None:
    """Queries of zero weigh 2^m keys equally: integer values give their mean."""
    if (averaged := uniform_average(impl, case)) is not None:
        plain, mean = averaged
        due = Expected(mean, impl.expected(plain)["out"].allowed)
        agree(impl, impl.run(plain), {"out": due}, "equal weights do not give the mean")


@law("attention", share=0.1, level="SHOULD", cases=drawn(poison=(0.0,)))
def test_uniform_average_of_integers_is_exact(impl: Subject, case: Case) -> None:
    """Queries of zero weigh 2^m keys equally: integer values give their mean, bit for bit."""
    if (averaged := uniform_average(impl, case)) is not None:
        plain, mean = averaged
        agree(impl, impl.run(plain), {"out": exactly(mean)}, "the mean is not exact")


def uniform_average(impl: Subject, case: Case) -> tuple[Case, Array] | None:
    """Return queries of zero, 2^m visible keys and integer values, and the mean of the values."""
    s = case.arrays["k"].shape[2]
    if not s or (not impl.offers("mask") and s & (s - 1)):
        return None
    count = 1 << (
        int(case.random().randint(0, s.bit_length())) if impl.offers("mask") else s.bit_length() - 1
    )
    chosen = case.random(1).permutation(s) < count
    whole = np.round(np.clip(4 * case.arrays["v"], -16, 16)) * count
    q = np.zeros_like(case.arrays["q"])
    plain = case.without("is_causal", "window", "mask", "query_offset").having(q=q, v=whole)
    if impl.offers("mask"):
        plain = plain.having(mask=chosen)
    heads = case.arrays["q"].shape[1] // case.arrays["k"].shape[1]
    mean = np.sum(np.where(chosen[:, None], whole, 0), axis=2, keepdims=True) / count
    return plain, np.broadcast_to(np.repeat(mean, heads, axis=1), (*q.shape[:3], whole.shape[3]))


@law("attention", share=0.2)
def test_a_shared_key_head_is_its_copies(impl: Subject, case: Case) -> None:
    """Query head n reads key head n // (N // M): repeating the key heads gives the same output."""
    group = case.arrays["q"].shape[1] // case.arrays["k"].shape[1]
    apart = case.having(**{n: np.repeat(case.arrays[n], group, axis=1) for n in KEYS})
    agree(impl, impl.run(apart), impl.expected(case), "repeating the key heads changes the output")


@law("attention", share=0.2, needs=("query_offset",))
def test_cached_decoding(impl: Subject, case: Case) -> None:
    """Processing queries in parts, with query_offset advanced, gives the same as all at once."""
    length = case.arrays["q"].shape[2]
    cut = int(case.random().randint(0, length + 1))
    offset = case.option("query_offset")
    parts = [
        impl.run(part_of(case, slice(0, cut), offset)),
        impl.run(part_of(case, slice(cut, length), offset + cut)),
    ]
    whole = {"out": np.concatenate([p["out"] for p in parts], axis=2)}
    agree(impl, whole, impl.expected(case), "processing the queries in parts changes the output")


def part_of(case: Case, rows: slice, offset: int) -> Case:
    """Return the case with some of the queries, at their own positions."""
    changes = {"q": case.arrays["q"][:, :, rows]}
    mask = case.option("mask")
    if mask is not None and mask.ndim > 1 and mask.shape[-2] > 1:
        changes["mask"] = mask[..., rows, :]
    return case.having(**changes, query_offset=offset)


@law("attention", share=0.2)
def test_value_linearity(impl: Subject, case: Case) -> None:
    """The output is linear in the values: f(q, k, 2 v) = 2 f(q, k, v), and f(q, k, 0) = 0."""
    doubled = case.having(v=2 * case.arrays["v"])
    agree(
        impl,
        impl.run(doubled),
        impl.expected(doubled),
        "doubling the values does not double the output",
    )
    nothing = impl.run(case.having(v=np.zeros_like(case.arrays["v"])))["out"]
    require(not np.any(np.nan_to_num(nothing)), "values of zero give a nonzero output")
