"""Laws of attention: invariances, masks, and retrievals whose answer is exact."""

import numpy as np

from seqlaws.properties.inputs.numbers import representable
from seqlaws.properties.laws import (
    POISON,
    Array,
    Case,
    Expected,
    Subject,
    agree,
    attended,
    drawn,
    exactly,
    law,
    none_where,
    require,
)

NO_POSITIONS = drawn(mask=None, is_causal=False, window=None, query_offset=0)
CAUSAL = drawn(is_causal=True, mask=None, window=None)
KEYS = ("k", "v")
WITH_KEYS = ("attention", "multi_head_attention")
OUTPUTS, GRADIENTS = ("never", "never in outputs"), ("never",)  # values of masked_nan


def moved(expected: Expected, index: Array, axis: int) -> dict[str, Expected]:
    """What is expected of the output, with one axis in another order."""
    value, allowed = (np.take(z, index, axis) for z in expected)
    return {"out": Expected(value, allowed)}


@law("attention", share=0.2, cases=NO_POSITIONS)
def test_query_permutation(impl: Subject, case: Case) -> None:
    """Queries in another order give outputs in that order: f(q[s], k, v) = f(q, k, v)[s]."""
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
    """Key heads in another order, each with its queries, give outputs in that order."""
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
    """An output lies in the hull of the values that its query may attend to, entry by entry."""
    out, (value, allowed) = impl.run(case)["out"], impl.expected(case)["out"]
    v = np.repeat(case.arrays["v"], out.shape[1] // case.arrays["v"].shape[1], axis=1)
    seen = attended(case.having(query_offset=impl.offset(case)))[..., None]
    alive = np.any(seen, axis=3)
    spread = np.broadcast_to(v[:, :, None], (*seen.shape[:4], v.shape[-1]))
    most = np.max(np.where(seen, spread, -np.inf), axis=3, initial=-np.inf)
    least = np.min(np.where(seen, spread, np.inf), axis=3, initial=np.inf)
    nearest = np.where(alive, np.clip(out, least, most), value)
    agree(impl, {"out": out}, {"out": Expected(nearest, allowed)}, "an output leaves the hull")


@law("attention", share=0.25, cases=CAUSAL, needs=("is_causal",))
def test_causality(impl: Subject, case: Case) -> None:
    """What stands after a query has no influence on its output: other keys there, same output."""
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
    agree(impl, {"out": after}, {"out": Expected(before, slack)}, "a later key has influence")


@law(*WITH_KEYS, share=0.25, cases=drawn(poison=(0.0,)))
def test_masked_keys_have_no_influence(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to reaches no output."""
    says = "1e6 in a masked key or value has influence"
    agree(impl, impl.run(impl.spoilt(case, POISON[0])), impl.expected(case), says)


@law(*WITH_KEYS, share=0.1, gradients=True, cases=drawn(poison=(0.0,)))
def test_masked_keys_have_no_influence_on_gradients(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to reaches no gradient."""
    pulled, due = impl.pull(impl.spoilt(case, POISON[0])), impl.expected(case, vjp=True)
    agree(impl, pulled, due, "1e6 in a masked key or value reaches a gradient", nan_is_free=True)


@law(*WITH_KEYS, share=0.25, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_nan_in_masked_keys_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities in keys and values that no query may attend to reach no output."""
    due = impl.expected(case)
    for poison in POISON[1:]:
        says = f"{poison} in a masked key or value has influence"
        agree(impl, impl.run(impl.spoilt(case, poison)), due, says)


@law(*WITH_KEYS, share=0.1, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_nan_in_masked_keys_reaches_no_gradient(impl: Subject, case: Case) -> None:
    """NaN and infinities in keys and values that no query may attend to reach no gradient."""
    due = impl.expected(case, vjp=True)
    for poison in POISON[1:]:
        pulled = impl.pull(impl.spoilt(case, poison))
        says = f"{poison} in a masked key or value reaches a gradient"
        agree(impl, pulled, due, says, nan_is_free=True)


@law("attention", share=0.1, needs=("mask",), cases=drawn(poison=(0.0,)), section="edges")
def test_masked_is_below_every_score(impl: Subject, case: Case) -> None:
    """Keys that may be seen count alone, however low their scores: a mask is -inf, not -1e4."""
    k, s = np.zeros_like(case.arrays["k"]), case.arrays["k"].shape[2]
    low = 2.0**17 if impl.arithmetic.accumulate == "float32" else 2.0**34
    low = 2.0**15 if impl.dtype == "float16" else low
    side = 2.0 ** (int(np.log2(low)) // 2)
    q = np.zeros_like(case.arrays["q"])
    q[..., :1], k[:, :, s // 2 :, :1] = side, -low / side  # scores of -low, and 0 where masked
    bare = case.without("is_causal", "window", "softcap").having(q=q, k=k)
    if impl.offers("scale"):
        bare = bare.having(scale=1.0)
    masked = bare.having(mask=np.arange(s)[None] >= s // 2)
    agree(impl, impl.run(masked), impl.expected(masked), "what is masked outweighs a low score")


@law("attention", share=0.25, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_there(impl: Subject, case: Case) -> None:
    """NaN or an infinity in a key or a value reaches the queries that may attend to it alone.

    Whatever it is masked by: a boolean or a floating mask, is_causal, window.
    """
    value, allowed = impl.expected(case)["out"]
    for poison in POISON[1:]:
        spoiled, reached = with_one_key(impl, case, poison)
        free = np.where(np.any(reached, axis=-1)[..., None], np.inf, allowed)
        says = f"{poison} in a masked key or value leaks"
        agree(impl, impl.run(spoiled), {"out": Expected(value, free)}, says)


@law("attention", share=0.1, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_on_its_gradient(
    impl: Subject, case: Case
) -> None:
    """NaN or an infinity in a key or a value reaches no gradient of queries that may not attend.

    Nor those of the keys and values that only such queries attend to.
    """
    expected = impl.expected(case, vjp=True)
    batch, m, s, _ = case.arrays["k"].shape
    for poison in POISON[1:]:
        spoiled, reached = with_one_key(impl, case, poison)
        queries = np.any(reached, axis=-1)[..., None]  # (B, N, L, 1)
        seen = attended(case.having(query_offset=impl.offset(case)))
        keys = np.any(seen & queries, axis=2).reshape(batch, m, seen.shape[1] // m, s)
        keys = np.any(keys, axis=2)[..., None]
        keys = keys | with_poison(spoiled)
        free = {"q": queries, "k": keys, "v": keys}
        due = {
            name: Expected(e.value, np.where(free[name], np.inf, e.allowed))
            for name, e in expected.items()
        }
        says = f"{poison} in a masked key or value reaches a gradient"
        agree(impl, impl.pull(spoiled), due, says, nan_is_free=True)


def with_one_key(impl: Subject, case: Case, poison: float) -> tuple[Case, Array]:
    """The case with a poison in one key or its value, and which pairs it reaches (B, N, L, S)."""
    random = case.random()
    name, s = KEYS[random.randint(2)], case.arrays["k"].shape[2]
    array, place = np.array(case.arrays[name]), int(random.randint(max(s, 1)))
    array[:, :, place : place + 1] = poison
    seen = attended(case.having(query_offset=impl.offset(case)))
    if impl.fully_masked(case) == "mean":  # who may attend to nothing takes every value
        seen = seen | ~np.any(seen, axis=-1, keepdims=True)
    return case.having(**{name: array}), seen & (np.arange(s) == place)


def with_poison(case: Case) -> Array:
    """Which keys hold what is not finite: (B, M, S, 1)."""
    finite = [np.isfinite(case.arrays[name]).all(axis=-1, keepdims=True) for name in KEYS]
    return np.asarray(~(finite[0] & finite[1]))


@law("attention", share=0.25, needs=("is_causal", "mask"))
def test_causal_flag_is_its_mask(impl: Subject, case: Case) -> None:
    """is_causal=True is the mask key <= query + query_offset, whatever else is given."""
    flagged = case.having(is_causal=True)
    offset = impl.offset(flagged)
    bare = case.without("mask", "window").having(is_causal=True, query_offset=offset)
    explicit = case.without("is_causal").having(mask=combined(case.option("mask"), attended(bare)))
    agree(impl, impl.run(flagged), impl.expected(flagged))
    agree(impl, impl.run(explicit), impl.expected(explicit), "the causal mask is not the flag")


@law("attention", share=0.25, needs=("window", "mask"))
def test_window_is_its_mask(impl: Subject, case: Case) -> None:
    """window=(left, right) is the mask of the keys within it, whatever else is given."""
    random = case.random()
    window = (int(random.randint(0, 4)), int(random.randint(0, 4)))
    windowed = case.having(window=window)
    bare = case.without("mask", "is_causal").having(window=window)
    explicit = case.without("window").having(mask=combined(case.option("mask"), attended(bare)))
    agree(impl, impl.run(explicit), impl.expected(explicit), "the window's mask is not the window")
    agree(impl, impl.run(windowed), impl.expected(windowed))


@law("attention", share=0.2, needs=("mask",))
def test_boolean_mask_is_its_floating_one(impl: Subject, case: Case) -> None:
    """A boolean mask is the floating one with 0 where it is True and -inf where it is False."""
    keep = (
        case.random().random_sample((*case.arrays["q"].shape[:3], case.arrays["k"].shape[2])) < 0.7
    )
    boolean = case.having(mask=keep)
    agree(impl, impl.run(boolean), impl.expected(boolean))
    floating = case.having(mask=np.where(keep, 0.0, -np.inf))
    says = "a floating mask is not its boolean one"
    agree(impl, impl.run(floating), impl.expected(floating), says)


def combined(mask: Array | None, allowed: Array) -> Array:
    """A mask, and no pair beyond the allowed ones."""
    if mask is None:
        return allowed
    return allowed & mask if mask.dtype == bool else np.where(allowed, mask, -np.inf)


@law("attention", share=0.25, section="edges")
def test_fully_masked_rows(impl: Subject, case: Case) -> None:
    """A query that may attend to nothing gets what is declared: zeros, NaN or the mean."""
    if impl.offers("mask"):
        keep = case.random().random_sample((case.arrays["q"].shape[2], case.arrays["k"].shape[2]))
        dead = case.random(1).random_sample(len(keep)) < 0.5
        case = case.having(mask=(keep < 0.8) & ~dead[:, None])
    agree(impl, impl.run(case), impl.expected(case), "a fully masked row is not as declared")


@law("attention", share=0.2, cases=NO_POSITIONS, section="edges")
def test_one_hot_retrieval_is_exact(impl: Subject, case: Case) -> None:
    """Where one key scores 0 and all others -1000 or less, the output is its value."""
    scored = one_hot(impl, case, 0.0, -1024.0)
    if scored is None:
        return
    retrieval, target = scored
    due = Expected(target, impl.expected(retrieval)["out"].allowed)
    agree(impl, impl.run(retrieval), {"out": due}, "the retrieved value is not the key's")


@law("attention", share=0.12, cases=NO_POSITIONS, section="edges")
def test_retrieval_beyond_the_range_of_exp(impl: Subject, case: Case) -> None:
    """Where one key scores 1024 and all others 0, exp alone overflows; the output does not."""
    scored = one_hot(impl, case, 1024.0, 0.0)
    if scored is None:
        return
    retrieval, _ = scored
    agree(impl, impl.run(retrieval), impl.expected(retrieval), "large scores overflow")


def one_hot(impl: Subject, case: Case, hit: float, miss: float) -> tuple[Case, Array] | None:
    """Scores `hit` for one key of each query and `miss` for the others, and that key's value.

    Key j is the j-th unit vector; a query holds its scores. One feature for each key.
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
    """Queries of zero weigh 2^m keys alike: whole values have their mean."""
    if (averaged := uniform_average(impl, case)) is not None:
        plain, mean = averaged
        due = Expected(mean, impl.expected(plain)["out"].allowed)
        agree(impl, impl.run(plain), {"out": due}, "equal weights do not give the mean")


@law("attention", share=0.1, level="SHOULD", cases=drawn(poison=(0.0,)))
def test_uniform_average_of_integers_is_exact(impl: Subject, case: Case) -> None:
    """Queries of zero weigh 2^m keys alike: whole values have their exact mean, bit for bit."""
    if (averaged := uniform_average(impl, case)) is not None:
        plain, mean = averaged
        agree(impl, impl.run(plain), {"out": exactly(mean)}, "the mean is not exact")


def uniform_average(impl: Subject, case: Case) -> tuple[Case, Array] | None:
    """Queries of zero, 2^m keys that may be seen, whole values; and their mean."""
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
    """Query head n reads key head n // (N // M): repeated key heads give the same output."""
    group = case.arrays["q"].shape[1] // case.arrays["k"].shape[1]
    apart = case.having(**{n: np.repeat(case.arrays[n], group, axis=1) for n in KEYS})
    agree(impl, impl.run(apart), impl.expected(case), "a key head is not shared as it should be")


@law("attention", share=0.2, needs=("query_offset",))
def test_cached_decoding(impl: Subject, case: Case) -> None:
    """Queries a part at a time, with query_offset moved along, are the queries at once."""
    length = case.arrays["q"].shape[2]
    cut = int(case.random().randint(0, length + 1))
    offset = case.option("query_offset")
    parts = [
        impl.run(part_of(case, slice(0, cut), offset)),
        impl.run(part_of(case, slice(cut, length), offset + cut)),
    ]
    whole = {"out": np.concatenate([p["out"] for p in parts], axis=2)}
    agree(impl, whole, impl.expected(case), "queries in parts differ from queries at once")


def part_of(case: Case, rows: slice, offset: int) -> Case:
    """Some of the queries, at their own positions."""
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
        impl, impl.run(doubled), impl.expected(doubled), "twice the values are not twice the output"
    )
    nothing = impl.run(case.having(v=np.zeros_like(case.arrays["v"])))["out"]
    require(not np.any(np.nan_to_num(nothing)), "values of zero give an output")


@law("attention", share=0.25, gradients=True)
def test_no_gradient_through_masked_places(impl: Subject, case: Case) -> None:
    """A key that no query may attend to has gradient 0, exactly; so have queries without keys."""
    shifted = case.having(query_offset=impl.offset(case))
    seen = attended(shifted)
    dead_rows = not np.all(np.any(seen, axis=-1))
    if impl.fully_masked(case) != "zeros" and dead_rows:
        return
    gradients = impl.pull(case)
    batch, m, s, _ = case.arrays["k"].shape
    keys = np.any(seen, axis=2).reshape(batch, m, seen.shape[1] // m, s).any(axis=2)[..., None]
    queries = np.any(seen, axis=3)[..., None]
    allowed = {name: e.allowed for name, e in impl.expected(case, vjp=True).items()}
    for name, reached in (("q", queries), ("k", keys), ("v", keys)):
        due = none_where(~reached, allowed[name])
        agree(impl, gradients, {name: due}, "a masked place has a gradient")
