"""Laws of the encoder layer: token order, masks and residual paths."""

import numpy as np

from seqlaws.properties.isolation import specification_server
from seqlaws.properties.laws import (
    POISON,
    Case,
    Expected,
    Subject,
    agree,
    at,
    attended,
    drawn,
    exactly,
    harmful,
    law,
)

OPERATION = "encoder_layer"
UNMASKED = drawn(mask=None)
ATTENTION = ("params.self_attn.out_proj.weight", "params.self_attn.out_proj.bias")
FEED_FORWARD = ("params.linear2.weight", "params.linear2.bias")


def without(case: Case, names: tuple[str, ...]) -> Case:
    """Return the case with these arrays set to zero."""
    return case.having(**{name: np.zeros_like(case.arrays[name]) for name in names})


@law(OPERATION, share=0.2, cases=UNMASKED)
def test_token_permutation(impl: Subject, case: Case) -> None:
    """Without position encodings, permuting the tokens permutes the outputs: f(x[s]) = f(x)[s]."""
    s = case.random().permutation(case.sizes()["T"])
    value, allowed = impl.expected(case)["out"]
    shuffled = impl.run(case.having(x=case.arrays["x"][:, s]))
    due = Expected(value[:, s], allowed[:, s])
    agree(impl, shuffled, {"out": due}, "the order of the tokens changes their outputs")


@law(OPERATION, share=0.2, cases=UNMASKED)
def test_positions_tell_the_order(impl: Subject, case: Case) -> None:
    """With position encodings p added, the order matters: f(x[s] + p) differs from f(x + p)[s].

    Both match the specification, so they differ wherever the specification's values differ.
    """
    _, length, features = case.arrays["x"].shape
    (p,) = specification_server.ask("plain", "positional_encoding", length, features)
    s = case.random().permutation(length)
    placed, moved = (case.having(x=x + p) for x in (case.arrays["x"], case.arrays["x"][:, s]))
    outputs, others = impl.run(placed), impl.run(moved)
    agree(impl, outputs, impl.expected(placed))
    agree(impl, others, impl.expected(moved), "the output for permuted tokens is wrong")


@law(OPERATION, share=0.2, needs=("mask",))
def test_positions_at_once_are_positions_alone(impl: Subject, case: Case) -> None:
    """A position that may attend only to itself gives the output of a sequence of length one."""
    x = case.arrays["x"]
    alone = case.having(mask=np.eye(x.shape[1], dtype=bool))
    value, allowed = impl.expected(alone)["out"]
    agree(impl, impl.run(alone), {"out": Expected(value, allowed)})
    for i in range(min(x.shape[1], 3)):
        one = case.without("mask").having(x=x[:, i : i + 1])
        due = Expected(value[:, i : i + 1], allowed[:, i : i + 1])
        agree(
            impl,
            impl.run(one),
            {"out": due},
            "a position computed alone differs from the one in the sequence",
        )


@law(OPERATION, share=0.2, needs=("mask",))
def test_a_position_reads_its_own_row_of_the_mask(impl: Subject, case: Case) -> None:
    """The output at a position depends on its own row of the mask only."""
    seen, length = attended(case), case.sizes()["T"]
    if not length:
        return
    i = int(case.random().randint(length))
    mask = np.array(case.random(1).random_sample(seen.shape) < 0.6)
    mask[:, :, i] = seen[:, :, i]
    kept = case.having(mask=seen)
    here = (np.arange(length) == i)[:, None]
    agree(impl, impl.run(case.having(mask=mask)), at(impl.expected(kept)["out"], here),
          "another position's row of the mask changes the output")  # fmt: skip


@law(OPERATION, share=0.25, needs=("mask",))
def test_a_masked_position_has_no_influence_on_others(impl: Subject, case: Case) -> None:
    """A position that no other position may attend to affects only its own output."""
    nothing_of_a_masked_position(impl, case, POISON[:1])


@law(OPERATION, share=0.2, needs=("mask",), level="SHOULD", section="edges",
     promised=("never", "never in outputs"))  # fmt: skip
def test_nan_at_a_masked_position_reaches_no_other(impl: Subject, case: Case) -> None:
    """NaN and infinities at a position that no other may attend to affect no other output."""
    nothing_of_a_masked_position(impl, case, POISON[1:])


def nothing_of_a_masked_position(impl: Subject, case: Case, poisons: tuple[float, ...]) -> None:
    """Raise LawBrokenError if a position that no other may attend to affects the others."""
    x, length = case.arrays["x"], case.sizes()["T"]
    if not length:
        return
    j = int(case.random().randint(length))
    seen = np.array(attended(case))
    seen[..., j] = False
    seen[:, :, j, j] = True
    masked = case.having(mask=seen)
    due = impl.expected(masked)["out"]
    there = (np.arange(length) == j)[:, None]
    claimed = ~there
    if impl.fully_masked(masked) == "mean":  # who may attend to nothing attends to all
        claimed = claimed & np.all(np.any(seen, axis=-1), axis=1)[..., None]
    for poison in poisons:
        held = harmful(poison, case.dtype)
        outputs = impl.run(masked.having(x=np.where(there, held, x)))
        agree(
            impl, outputs, at(due, claimed), f"{held} at a masked position affects another position"
        )


@law(OPERATION, share=0.1)
def test_without_sublayers_pre_norm_is_the_identity(impl: Subject, case: Case) -> None:
    """With norm_first and both last matrices 0, out = x bit for bit: the residual path is exact."""
    if impl.fully_masked(case) == "nan":  # 0 * NaN is NaN
        case = case.without("mask")
    bare = without(case, (*ATTENTION, *FEED_FORWARD)).having(norm_first=True)
    due = np.where(np.isinf(impl.expected(bare)["out"].allowed), np.inf, 0.0)
    agree(
        impl,
        impl.run(bare),
        {"out": Expected(case.arrays["x"], due)},
        "the residual path changes its input",
    )


@law(OPERATION, share=0.1, gradients=True)
def test_without_sublayers_pre_norm_hands_gradients_on(impl: Subject, case: Case) -> None:
    """With norm_first and both last matrices 0, dx = dout, bit for bit."""
    bare = without(case.without("mask"), (*ATTENTION, *FEED_FORWARD)).having(norm_first=True)
    due = np.where(np.isinf(impl.expected(bare, vjp=True)["x"].allowed), np.inf, 0.0)
    says = "the residual path changes a gradient"
    agree(impl, impl.pull(bare), {"x": Expected(case.cotangents["out"], due)}, says)


@law(OPERATION, share=0.3)
def test_a_sublayer_alone(impl: Subject, case: Case) -> None:
    """Each sublayer is correct alone, with the last matrix of the other one set to 0."""
    for names in (FEED_FORWARD, ATTENTION):
        alone = without(case, names)
        agree(
            impl,
            impl.run(alone),
            impl.expected(alone),
            "a single sublayer does not match the specification",
        )


@law(OPERATION, share=0.15, gradients=True)
def test_gradients_of_a_sublayer_alone(impl: Subject, case: Case) -> None:
    """The gradients of each sublayer are correct with the other's last matrix set to 0."""
    for names in (FEED_FORWARD, ATTENTION):
        alone = without(case, names)
        says = "the gradient of a single sublayer does not match the specification"
        agree(impl, impl.pull(alone), impl.expected(alone, vjp=True), says, nan_is_free=True)


@law(OPERATION, share=0.2)
def test_hidden_unit_permutation(impl: Subject, case: Case) -> None:
    """Permuting the hidden units, rows of W_1 and columns of W_2, does not change the output."""
    s = case.random().permutation(case.sizes()["F"])
    moved = {
        "params.linear1.weight": case.arrays["params.linear1.weight"][s],
        "params.linear1.bias": case.arrays["params.linear1.bias"][s],
        "params.linear2.weight": case.arrays["params.linear2.weight"][:, s],
    }
    says = "the order of the hidden units changes the output"
    agree(impl, impl.run(case.having(**moved)), impl.expected(case), says)


@law(OPERATION, share=0.1)
def test_without_weights_the_last_norm_leaves_its_bias(impl: Subject, case: Case) -> None:
    """Post-norm with norm2.weight = 0 gives norm2.bias at every position, bit for bit."""
    if impl.fully_masked(case) == "nan":
        case = case.without("mask")
    bare = without(case, ("params.norm2.weight",)).having(norm_first=False)
    bias = np.array(np.broadcast_to(case.arrays["params.norm2.bias"], case.arrays["x"].shape))
    allowed = impl.expected(bare)["out"].allowed
    claimed = exactly(bias) if np.isfinite(allowed).all() else Expected(bias, allowed)
    agree(impl, impl.run(bare), {"out": claimed}, "the output is not the bias alone")
