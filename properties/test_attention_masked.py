"""Laws of masking: masked positions affect neither outputs nor gradients, NaN included."""

import numpy as np

from seqlaws.properties.inputs.derived import left_out
from seqlaws.properties.inputs.masks import MASKS
from seqlaws.properties.inputs.sizes import PLAIN, beside_drawn
from seqlaws.properties.laws import (
    POISON,
    Array,
    Case,
    Expected,
    Fixed,
    NotOfferedError,
    Operation,
    Subject,
    agree,
    at,
    attended,
    drawn,
    law,
    none_where,
)

KEYS = {  # the arrays that have a row for each position that may be attended to
    "attention": ("k", "v"),
    "multi_head_attention": ("key", "value"),
    "encoder_layer": ("x",),
    "decoder_layer": ("memory",),
}
WITH_KEYS = tuple(KEYS)[:2]
FORMS = ("boolean", "both")  # of masks that exclude keys
LOW = (1e4, 2e4, 1e9, 1e30)  # of masks that are finite; float16 has the first two
OUTPUTS, GRADIENTS = ("never", "never in outputs"), ("never",)  # values of masked_nan


def keys_unseen(operation: Operation) -> list[Fixed]:
    """Return cases with keys that no query may attend to, beyond a tile."""
    far = PLAIN | left_out(operation) | {"B": 1}
    kinds: list[Fixed] = [{"mask": kind, "axes": (True, False, False)} for kind in FORMS]
    kinds += [{"is_causal": True}] * ("is_causal" in operation.options)
    kinds += [{"window": (2, 1)}] * ("window" in operation.options)
    sizes: list[Fixed] = [{"L": 3, "S": 140}, {"L": 131, "S": 300}]
    return [far | kind | some for kind in kinds for some in sizes]


@law(*WITH_KEYS, share=0.25, cases=drawn(poison=(0.0,)), also=keys_unseen)
def test_masked_keys_have_no_influence(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to does not affect any output."""
    says = "1e6 in a masked key or value affects the output"
    agree(impl, impl.run(impl.spoilt(case, POISON[0])), impl.expected(case), says)


@law(*WITH_KEYS, share=0.1, gradients=True, cases=drawn(poison=(0.0,)), also=keys_unseen)
def test_masked_keys_have_no_influence_on_gradients(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to does not affect any gradient."""
    pulled, due = impl.pull(impl.spoilt(case, POISON[0])), impl.expected(case, vjp=True)
    agree(impl, pulled, due, "1e6 in a masked key or value affects a gradient", nan_is_free=True)


@law(*WITH_KEYS, share=0.25, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)), also=keys_unseen)  # fmt: skip
def test_nan_in_masked_keys_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities in keys and values that no query may attend to affect no output."""
    due = impl.expected(case)
    for poison in POISON[1:]:
        says = f"{poison} in a masked key or value affects the output"
        agree(impl, impl.run(impl.spoilt(case, poison)), due, says)


@law(*WITH_KEYS, share=0.1, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)), also=keys_unseen)  # fmt: skip
def test_nan_in_masked_keys_reaches_no_gradient(impl: Subject, case: Case) -> None:
    """NaN and infinities in keys and values that no query may attend to affect no gradient."""
    due = impl.expected(case, vjp=True)
    for poison in POISON[1:]:
        pulled = impl.pull(impl.spoilt(case, poison))
        says = f"{poison} in a masked key or value affects a gradient"
        agree(impl, pulled, due, says, nan_is_free=True)


@law("attention", share=0.1, needs=("mask",), cases=drawn(poison=(0.0,)), section="edges")
def test_masked_is_below_every_score(impl: Subject, case: Case) -> None:
    """Masked keys get no weight, however low the other scores are: a mask is -inf, not -1e4."""
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
    agree(
        impl,
        impl.run(masked),
        impl.expected(masked),
        "a masked key outweighs a key with a low score",
    )


@law("attention", "multi_head_attention", share=0.03, cases=drawn(S=0), section="edges")
def test_no_keys_at_all(impl: Subject, case: Case) -> None:
    """Without any keys (S = 0) attention gives zeros, and heads the bias of the last projection."""
    outputs = impl.run(case)
    due = impl.expected_of_steps(case, outputs)
    agree(impl, outputs, due, "without any keys the output is wrong")


@law(*KEYS, share=0.05, cases=drawn(mask=None, is_causal=False, window=None), section="edges")
def test_a_finite_mask_excludes_nothing(impl: Subject, case: Case) -> None:
    """A finite mask ranks keys, however low it is: over whole rows of it the weights sum to one.

    All positions have one value, so that the mask changes nothing. Where one key is far ahead, any
    form of the softmax gives it the weight 1 and the others 0; else the bound is that of the mask.
    """
    name, array = KEYS[case.operation.name][-1], case.arrays[KEYS[case.operation.name][-1]]
    option = next(o for o in MASKS if o in case.operation.options)
    if not impl.offers(option):
        raise NotOfferedError(option)
    even = case.without(option).having(**{name: 0 * array + array[..., :1, :]})
    if not array.size:
        return
    due, queries = impl.expected(even), attended(even).shape[2]
    random, keys = case.random(), array.shape[-2]
    for low in LOW[:2] if impl.dtype == "float16" else LOW:
        rows = random.random_sample((queries, 1)) < 0.7
        first = random.randint(0, keys, (queries, 1)) == np.arange(keys)
        says = f"a mask of {-low:g} on a whole row changes the output of equal values"
        ahead = even.having(**{option: np.where(rows, -low * (2.0 - first), 0.0)})
        agree(impl, impl.run(ahead), due, says)
        rank = -low * (1 + random.randint(0, 2, (queries, keys)))
        ranked = even.having(**{option: np.where(rows, rank, 0.0)})
        agree(impl, impl.run(ranked), impl.expected(ranked), says)


def maskings(operation: Operation) -> list[Fixed]:
    """Return each kind of mask alone, is_causal and window alone; after each one that is drawn."""
    given: list[Fixed] = [{"mask": kind} for kind in FORMS]
    if "is_causal" in operation.options:
        given.append({"is_causal": True})
    if "window" in operation.options:
        given.append({"is_causal": True, "query_offset": 2})
        given += [{"window": sides} for sides in ((2, 1), (2, None), (None, 1))]
    sizes: list[Fixed] = [
        {"B": 2, "L": 6, "S": 9, "T": 7},
        {"B": 1, "L": 35, "S": 40, "T": 35},
        {"B": 1, "L": 70, "S": 140, "T": 131},
    ]
    letters = {*operation.letters, "B"}
    pinned = [{letter: n for letter, n in one.items() if letter in letters} for one in sizes]
    return beside_drawn([PLAIN | left_out(operation) | kind | n for kind in given for n in pinned])


@law(*KEYS, share=0.01, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)), sweep=maskings)  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_there(impl: Subject, case: Case) -> None:
    """A NaN or infinity in a key or value affects only the queries that may attend to it.

    This holds for every kind of mask: boolean, floating, is_causal and window.
    """
    for name in KEYS[case.operation.name]:
        nothing_where_it_is_masked(impl, case, name)


def nothing_where_it_is_masked(impl: Subject, case: Case, name: str) -> None:
    """Raise LawBrokenError if poison in one position affects what may not attend to it."""
    expected = impl.expected(case)["out"]
    for poison in POISON[1:]:
        spoiled, reached = with_one_key(impl, case, name, poison)
        says = f"{poison} in a masked position affects a query that may not attend to it"
        agree(impl, impl.run(spoiled), at(expected, ~queries_of(case, reached)), says)


@law(*WITH_KEYS, share=0.01, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)), sweep=maskings)  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_on_its_gradient(
    impl: Subject, case: Case
) -> None:
    """A NaN or infinity in a key or value affects no gradient of queries that may not attend to it.

    It does not affect the gradients of keys and values that only such queries attend to, either.
    """
    for name in KEYS[case.operation.name]:
        no_gradient_where_it_is_masked(impl, case, name)


def no_gradient_where_it_is_masked(impl: Subject, case: Case, name: str) -> None:
    """Raise LawBrokenError if poison in one position affects a gradient that may not see it."""
    expected = impl.expected(case, vjp=True)
    query, *others = list(case.arrays)[:3]
    seen = seen_by(impl, case)
    for poison in POISON[1:]:
        spoiled, reached = with_one_key(impl, case, name, poison)
        queries = np.any(reached, axis=-1)[..., None]  # (B, N, L, 1)
        keys = np.any(seen & queries, axis=2)  # (B, N, S)
        shared = case.arrays[others[0]]
        if shared.ndim == 4:
            batch, m, s, _ = shared.shape
            keys = keys.reshape(batch, m, keys.shape[1] // m, s)
        keys = np.asarray(np.any(keys, axis=-2)[..., None] | with_poison(spoiled, others))
        free: dict[str, Array] = {query: queries_of(case, reached), **dict.fromkeys(others, keys)}
        due = {
            n: Expected(expected[n].value, np.where(places, np.inf, expected[n].allowed))
            for n, places in free.items()
        }
        says = f"{poison} in a masked position affects a gradient"
        agree(impl, impl.pull(spoiled), due, says, nan_is_free=True)


def with_one_key(impl: Subject, case: Case, name: str, poison: float) -> tuple[Case, Array]:
    """Return the case with a poison in one position, and the pairs it affects (B, N, L, S).

    The position is one that some queries may attend to and others may not, if there is one.
    """
    random, array = case.random(), np.array(case.arrays[name])
    seen = seen_by(impl, case)
    some = np.flatnonzero(np.any(seen, axis=(0, 1, 2)) & ~np.all(seen, axis=(0, 1, 2)))
    chosen = some if some.size else np.arange(max(array.shape[-2], 1))
    place = int(chosen[random.randint(chosen.size)])
    features = 1 if random.randint(2) else array.shape[-1]
    array[..., place : place + 1, :features] = poison
    if impl.fully_masked(case) == "mean":  # who may attend to nothing takes every value
        seen = seen | ~np.any(seen, axis=-1, keepdims=True)
    if name == "x":  # a position reads itself, past the attention
        seen = seen | np.eye(array.shape[-2], dtype=bool)
    return case.having(**{name: array}), seen & (np.arange(array.shape[-2]) == place)


def seen_by(impl: Subject, case: Case) -> Array:
    """Return which query of this subject may attend to which key: (B, N, L, S)."""
    if "is_causal" in case.operation.options:
        case = case.having(query_offset=impl.offset(case))
    return attended(case)


def queries_of(case: Case, reached: Array) -> Array:
    """Return which queries a poison reaches, as outputs have them: (B, N, L, 1) or (B, L, 1)."""
    queries = np.any(reached, axis=-1)
    if case.operation.name == "attention":
        return np.asarray(queries[..., None])
    return np.asarray(np.any(queries, axis=1)[..., None])


def with_poison(case: Case, names: list[str]) -> Array:
    """Return where a key or its value is not finite: (..., S, 1)."""
    finite = [np.isfinite(case.arrays[name]).all(axis=-1, keepdims=True) for name in names]
    return np.asarray(~(finite[0] & finite[1]))


@law("attention", share=0.25, gradients=True)
def test_no_gradient_through_masked_places(impl: Subject, case: Case) -> None:
    """The gradient is exactly 0 for keys that no query attends to and for queries without keys."""
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
        agree(impl, gradients, {name: due}, "a masked position has a nonzero gradient")
