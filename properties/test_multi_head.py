"""Laws of multi-head attention: single heads, permutations, projections and masks."""

import numpy as np

from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Subject,
    agree,
    attended,
    drawn,
    law,
    none_where,
)

OPERATION = "multi_head_attention"
NO_POSITIONS = drawn(mask=None, is_causal=False)
ONE_SOURCE = drawn(source="self", poison=(0.0,))


def split(x: Array, heads: int) -> Array:
    """Return the features of each head: (B, L, E) to (B, N, L, D)."""
    batch, length, features = x.shape
    return x.reshape(batch, length, heads, features // heads).swapaxes(1, 2)


@law(OPERATION, share=0.2)
def test_a_head_is_an_attention(impl: Subject, case: Case) -> None:
    """Without projections, head n is attention on the features n D to (n + 1) D alone.

    With W_q = W_k = W_v = W_o = 1 and no biases: out = [attention(q_1, k_1, v_1), ...].
    """
    n, one = case.option("num_heads"), np.eye(case.sizes()["E"])
    bare = case.having(
        in_proj_weight=np.concatenate([one, one, one]),
        in_proj_bias=np.zeros(3 * len(one)),
        out_proj_weight=one,
        out_proj_bias=np.zeros(len(one)),
    )
    q, k, v = (split(bare.arrays[name], n) for name in ("query", "key", "value"))
    options = impl.reference_options(bare)
    (heads,) = specification_server.ask("plain", "attention", q, k, v, **options)
    side_by_side = heads.swapaxes(1, 2).reshape(case.arrays["query"].shape)
    allowed = impl.expected(bare)["out"].allowed
    agree(
        impl,
        impl.run(bare),
        {"out": Expected(side_by_side, allowed)},
        "a head does not equal attention on its features",
    )


@law(OPERATION, share=0.2)
def test_head_permutation(impl: Subject, case: Case) -> None:
    """Permuting the heads, with rows and columns of the weights, does not change the output."""
    n, e = case.option("num_heads"), case.sizes()["E"]
    s = case.random().permutation(n)
    features = np.arange(e).reshape(n, e // n)[s].ravel()
    rows = np.concatenate([features, e + features, 2 * e + features])
    changes = {
        "in_proj_weight": case.arrays["in_proj_weight"][rows],
        "in_proj_bias": case.arrays["in_proj_bias"][rows],
        "out_proj_weight": case.arrays["out_proj_weight"][:, features],
    }
    mask = case.option("mask")
    if mask is not None and mask.ndim > 2 and mask.shape[-3] > 1:
        changes["mask"] = np.take(mask, s, axis=-3)
    says = "the order of the heads changes the output"
    agree(impl, impl.run(case.having(**changes)), impl.expected(case), says)


@law(OPERATION, share=0.25, cases=ONE_SOURCE)
def test_self_attention(impl: Subject, case: Case) -> None:
    """Self-attention with one array for all inputs gives the same as with three equal arrays.

    This also holds if some rows of a mask leave no key.
    """
    case = case.having(key=case.arrays["query"], value=case.arrays["query"])
    if impl.offers("mask") and case.random(2).randint(2):
        case = with_dead_rows(case)
    arrays, options = impl.native(case, {})
    once = {**arrays, "key": arrays["query"], "value": arrays["query"]}
    outputs = impl.answer(case, once, options)
    agree(
        impl,
        outputs,
        impl.expected(case),
        "one array for all inputs differs from three equal arrays",
    )


@law(OPERATION, share=0.1)
def test_one_array_for_keys_and_values(impl: Subject, case: Case) -> None:
    """One array as both keys and values gives the same as two equal arrays."""
    memory = case.having(value=case.arrays["key"])
    arrays, options = impl.native(memory, {})
    outputs = impl.answer(memory, {**arrays, "value": arrays["key"]}, options)
    agree(
        impl,
        outputs,
        impl.expected(memory),
        "one array for keys and values differs from two equal arrays",
    )


@law(OPERATION, share=0.2, cases=NO_POSITIONS)
def test_key_permutation(impl: Subject, case: Case) -> None:
    """The order of the key-value pairs does not matter: f(q, k[s], v[s]) = f(q, k, v)."""
    s = case.random().permutation(case.arrays["key"].shape[1])
    shuffled = case.having(**{n: case.arrays[n][:, s] for n in ("key", "value")})
    agree(impl, impl.run(shuffled), impl.expected(case), "the order of the keys changes the output")


@law(OPERATION, share=0.2, needs=("mask",))
def test_queries_one_at_a_time(impl: Subject, case: Case) -> None:
    """All queries at once give the same as each alone, with the same keys, values and mask."""
    due = impl.expected(case)["out"]
    seen = attended(case.having(query_offset=impl.offset(case)))
    for i in range(min(case.arrays["query"].shape[1], 3)):
        mask, row = case.option("mask"), np.s_[..., i : i + 1, :]
        if mask is None or mask.dtype == bool:
            mask = seen[row]
        else:
            mask = np.where(seen[row], mask[row] if mask.ndim > 1 and mask.shape[-2] > 1 else mask,
                            -np.inf)  # fmt: skip
        one = case.without("is_causal").having(query=case.arrays["query"][:, i : i + 1], mask=mask)
        expected = {"out": Expected(due.value[:, i : i + 1], due.allowed[:, i : i + 1])}
        agree(
            impl,
            impl.run(one),
            expected,
            "a query computed alone differs from the one among others",
        )


@law(OPERATION, share=0.2, needs=("is_causal", "mask"))
def test_causal_flag_is_its_mask(impl: Subject, case: Case) -> None:
    """is_causal=True equals the mask key <= query, with any other mask."""
    flagged = case.having(is_causal=True)
    mask, seen = case.option("mask"), attended(flagged.having(query_offset=impl.offset(case)))
    explicit = seen if mask is None or mask.dtype == bool else np.where(seen, mask, -np.inf)
    says = "is_causal and the equivalent mask give different outputs"
    for one in (flagged, case.without("is_causal").having(mask=explicit)):
        agree(impl, impl.run(one), impl.expected(one), says)


@law(OPERATION, share=0.2, needs=("mask",))
def test_boolean_mask_is_its_floating_one(impl: Subject, case: Case) -> None:
    """A boolean mask equals the floating mask with 0 for True and -inf for False."""
    keep = case.random().random_sample(attended(case).shape) < 0.7
    boolean = case.having(mask=keep)
    floating = case.having(mask=np.where(keep, 0.0, -np.inf))
    for one in (boolean, floating):
        says = "the floating mask gives another result than the boolean mask"
        agree(impl, impl.run(one), impl.expected(one), says)


@law(OPERATION, share=0.2, needs=("mask",), section="edges", also=beyond_tiles)
def test_fully_masked_rows(impl: Subject, case: Case) -> None:
    """A query that may attend to no key gives the declared output; with zeros, the output bias."""
    masked = with_dead_rows(case)
    agree(
        impl,
        impl.run(masked),
        impl.expected(masked),
        "a fully masked row does not give the declared output",
    )


def with_dead_rows(case: Case) -> Case:
    """Return the case with a boolean mask, half of whose rows leave no key."""
    shape = attended(case).shape
    dead = case.random(1).random_sample(shape[:3]) < 0.5
    return case.having(mask=(case.random().random_sample(shape) < 0.8) & ~dead[..., None])


@law(OPERATION, share=0.2)
def test_a_key_bias_has_no_influence(impl: Subject, case: Case) -> None:
    """b_k has no influence: it adds q . b_k to all scores of a query, which softmax ignores."""
    e = case.sizes()["E"]
    bias = np.array(case.arrays["in_proj_bias"])
    bias[e : 2 * e] = np.round(case.random().standard_normal(e), 1)
    moved = case.having(in_proj_bias=bias)
    (value, allowed), (_, more) = impl.expected(case)["out"], impl.expected(moved)["out"]
    agree(
        impl,
        impl.run(moved),
        {"out": Expected(value, allowed + more)},
        "the key bias changes the output",
    )


@law(OPERATION, share=0.1)
def test_without_the_last_projection_its_bias_is_left(impl: Subject, case: Case) -> None:
    """With W_o = 0 every output is b_o, bit for bit."""
    if impl.fully_masked(case) == "nan":  # 0 * NaN is NaN
        case = case.without("mask", "is_causal")
    bare = case.having(out_proj_weight=np.zeros_like(case.arrays["out_proj_weight"]))
    shape = case.arrays["query"].shape
    bias = np.array(np.broadcast_to(case.arrays["out_proj_bias"], shape))
    due = np.where(np.isinf(impl.expected(bare)["out"].allowed), np.inf, 0.0)
    agree(impl, impl.run(bare), {"out": Expected(bias, due)}, "the output is not the bias alone")


@law(OPERATION, share=0.2, gradients=True)
def test_no_gradient_through_masked_places(impl: Subject, case: Case) -> None:
    """The gradient is exactly 0 for keys that no query attends to and for queries without keys."""
    seen = attended(case.having(query_offset=impl.offset(case)))
    if impl.fully_masked(case) != "zeros" and not np.all(np.any(seen, axis=-1)):
        return
    gradients = impl.pull(case)
    allowed = {name: e.allowed for name, e in impl.expected(case, vjp=True).items()}
    keys, queries = np.any(seen, axis=(1, 2))[..., None], np.any(seen, axis=(1, 3))[..., None]
    for name, reached in (("query", queries), ("key", keys), ("value", keys)):
        due = none_where(~reached, allowed[name])
        agree(impl, gradients, {name: due}, "a masked position has a nonzero gradient")
