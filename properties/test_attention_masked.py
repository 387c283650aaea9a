"""Laws of masking: masked positions affect neither outputs nor gradients, NaN included."""

import numpy as np

from seqlaws.properties.laws import (
    POISON,
    Array,
    Case,
    Expected,
    Subject,
    agree,
    attended,
    drawn,
    law,
)

KEYS = ("k", "v")
WITH_KEYS = ("attention", "multi_head_attention")
OUTPUTS, GRADIENTS = ("never", "never in outputs"), ("never",)  # values of masked_nan


@law(*WITH_KEYS, share=0.25, cases=drawn(poison=(0.0,)))
def test_masked_keys_have_no_influence(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to does not affect any output."""
    says = "1e6 in a masked key or value affects the output"
    agree(impl, impl.run(impl.spoilt(case, POISON[0])), impl.expected(case), says)


@law(*WITH_KEYS, share=0.1, gradients=True, cases=drawn(poison=(0.0,)))
def test_masked_keys_have_no_influence_on_gradients(impl: Subject, case: Case) -> None:
    """1e6 in keys and values that no query may attend to does not affect any gradient."""
    pulled, due = impl.pull(impl.spoilt(case, POISON[0])), impl.expected(case, vjp=True)
    agree(impl, pulled, due, "1e6 in a masked key or value affects a gradient", nan_is_free=True)


@law(*WITH_KEYS, share=0.25, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_nan_in_masked_keys_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities in keys and values that no query may attend to affect no output."""
    due = impl.expected(case)
    for poison in POISON[1:]:
        says = f"{poison} in a masked key or value affects the output"
        agree(impl, impl.run(impl.spoilt(case, poison)), due, says)


@law(*WITH_KEYS, share=0.1, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)))  # fmt: skip
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


@law("attention", share=0.25, level="SHOULD", section="edges", promised=OUTPUTS,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_there(impl: Subject, case: Case) -> None:
    """A NaN or infinity in a key or value affects only the queries that may attend to it.

    This holds for every kind of mask: boolean, floating, is_causal and window.
    """
    value, allowed = impl.expected(case)["out"]
    for poison in POISON[1:]:
        spoiled, reached = with_one_key(impl, case, poison)
        free = np.where(np.any(reached, axis=-1)[..., None], np.inf, allowed)
        says = f"{poison} in a masked key or value affects a query that may not attend to it"
        agree(impl, impl.run(spoiled), {"out": Expected(value, free)}, says)


@law("attention", share=0.1, level="SHOULD", section="edges", promised=GRADIENTS, gradients=True,
     cases=drawn(poison=(0.0,)))  # fmt: skip
def test_a_key_masked_for_one_query_has_no_influence_on_its_gradient(
    impl: Subject, case: Case
) -> None:
    """A NaN or infinity in a key or value affects no gradient of queries that may not attend to it.

    It does not affect the gradients of keys and values that only such queries attend to, either.
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
        says = f"{poison} in a masked key or value affects a gradient"
        agree(impl, impl.pull(spoiled), due, says, nan_is_free=True)


def with_one_key(impl: Subject, case: Case, poison: float) -> tuple[Case, Array]:
    """Return the case with a poison in one key or value, and the pairs it affects (B, N, L, S)."""
    random = case.random()
    name, s = KEYS[random.randint(2)], case.arrays["k"].shape[2]
    array, place = np.array(case.arrays[name]), int(random.randint(max(s, 1)))
    array[:, :, place : place + 1] = poison
    seen = attended(case.having(query_offset=impl.offset(case)))
    if impl.fully_masked(case) == "mean":  # who may attend to nothing takes every value
        seen = seen | ~np.any(seen, axis=-1, keepdims=True)
    return case.having(**{name: array}), seen & (np.arange(s) == place)


def with_poison(case: Case) -> Array:
    """Return where a key or its value is not finite: (B, M, S, 1)."""
    finite = [np.isfinite(case.arrays[name]).all(axis=-1, keepdims=True) for name in KEYS]
    return np.asarray(~(finite[0] & finite[1]))
