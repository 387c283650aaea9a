"""Laws of the decoder layer: outputs depend on earlier positions and on the memory only."""

from typing import Any

import numpy as np

from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.laws import (
    POISON,
    Case,
    Expected,
    Subject,
    agree,
    at,
    attended,
    drawn,
    harmful,
    law,
    none_where,
    zeroed,
)

OPERATION = "decoder_layer"
OUTPUTS = ("never", "never in outputs")  # values of masked_nan
SUBLAYERS = {  # the last matrix of each, and its bias: at 0 they leave only the way past it
    name: (f"params.{name}.weight", f"params.{name}.bias")
    for name in ("self_attn.out_proj", "multihead_attn.out_proj", "linear2")
}


def some_step(case: Case) -> int:
    """Return a number of steps from 0 to T."""
    return int(case.random().randint(case.sizes()["T"] + 1))


def first_steps(case: Case, count: int) -> Case:
    """Return the case with the first positions only, and with their rows of the mask."""
    changes = {"x": case.arrays["x"][:, :count]}
    mask = case.option("memory_mask")
    if mask is not None and mask.ndim > 1 and mask.shape[-2] > 1:
        changes["memory_mask"] = mask[..., :count, :]
    return case.having(**changes)


def poisons(case: Case) -> tuple[float, ...]:
    """Return 1e6, or the largest that float16 can hold; NaN and infinities."""
    return (harmful(POISON[0], case.dtype), *POISON[1:])


@law(OPERATION, share=0.25)
def test_causality(impl: Subject, case: Case) -> None:
    """Later positions have no influence on an output: f(x)_i depends on x_j with j <= i only."""
    nothing_of_what_follows(impl, case, poisons(case)[:1])


@law(OPERATION, share=0.2, level="SHOULD", section="edges", promised=OUTPUTS, also=beyond_tiles)
def test_nan_at_a_later_position_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities at later positions do not affect an output."""
    nothing_of_what_follows(impl, case, poisons(case)[1:])


def nothing_of_what_follows(impl: Subject, case: Case, poisons: tuple[float, ...]) -> None:
    """Raise LawBrokenError if a poison value at later positions affects earlier outputs."""
    first = some_step(case)
    later = (np.arange(case.sizes()["T"]) >= first)[:, None]
    due = at(impl.expected(case)["out"], ~later)
    for poison in poisons:
        changed = case.having(x=np.where(later, poison, case.arrays["x"]))
        agree(
            impl, impl.run(changed), due, f"{poison} at a later position affects an earlier output"
        )


@law(OPERATION, share=0.25)
def test_first_positions_alone(impl: Subject, case: Case) -> None:
    """The first positions alone give the same outputs as in the whole sequence."""
    first = some_step(case)
    value, allowed = (z[:, :first] for z in impl.expected(case)["out"])
    outputs = impl.run(first_steps(case, first))
    agree(
        impl,
        outputs,
        {"out": Expected(value, allowed)},
        "the first positions alone give another output",
    )


@law(OPERATION, share=0.25, gradients=True)
def test_causality_of_gradients(impl: Subject, case: Case) -> None:
    """Outputs give no gradient to later positions: dout_i = 0 for i >= t implies dx_j = 0 there."""
    first = some_step(case)
    later = (np.arange(case.sizes()["T"]) >= first)[:, None]
    early = case.pulled(out=np.where(later, 0.0, case.cotangents["out"]))
    gradients = impl.pull(early)
    expected = impl.expected(early, vjp=True)
    if impl.fully_masked(case) != "nan":
        due = none_where(later, expected["x"].allowed)
        agree(impl, gradients, {"x": due}, "a later position has a nonzero gradient")
    agree(impl, gradients, expected, nan_is_free=True)


@law(OPERATION, share=0.25, cases=drawn(poison=(0.0,)), needs=("memory_mask",))
def test_masked_memory_has_no_influence(impl: Subject, case: Case) -> None:
    """1e6 in memory that no position may attend to does not affect any output."""
    nothing_of_masked_memory(impl, case, poisons(case)[:1])


@law(OPERATION, share=0.2, cases=drawn(poison=(0.0,)), needs=("memory_mask",), level="SHOULD",
     section="edges", promised=OUTPUTS, also=beyond_tiles)  # fmt: skip
def test_nan_in_masked_memory_reaches_no_output(impl: Subject, case: Case) -> None:
    """NaN and infinities in memory that no position may attend to do not affect any output."""
    nothing_of_masked_memory(impl, case, poisons(case)[1:])


def nothing_of_masked_memory(impl: Subject, case: Case, poisons: tuple[float, ...]) -> None:
    """Raise LawBrokenError if a poison value in masked memory affects the output."""
    hidden = case.random().random_sample(case.sizes()["S"]) < 0.5
    case = case.having(memory_mask=attended(case) & ~hidden)
    due = impl.expected(case)
    for poison in poisons:
        says = f"{poison} in masked memory affects the output"
        agree(impl, impl.run(impl.spoilt(case, poison)), due, says)


@law(OPERATION, share=0.2, cases=drawn(poison=(0.0,)), needs=("memory_mask",), gradients=True)
def test_masked_memory_has_no_gradient(impl: Subject, case: Case) -> None:
    """Memory that no position may attend to has a gradient of exactly 0."""
    if impl.fully_masked(case) != "zeros":
        return
    seen = np.any(attended(case), axis=(1, 2))[..., None]
    due = none_where(~seen, impl.expected(case, vjp=True)["memory"].allowed)
    agree(impl, impl.pull(case), {"memory": due}, "masked memory has a nonzero gradient")


@law(OPERATION, share=0.2, cases=drawn(mask=None), needs=("memory_mask",))
def test_the_memory_is_all_that_it_sees_of_the_source(impl: Subject, case: Case) -> None:
    """If no memory may be attended to, other memory, or none, gives the same output."""
    blind = case.having(memory_mask=np.zeros((1, case.sizes()["S"]), bool))
    if impl.fully_masked(blind) != "zeros":
        return
    due = impl.expected(blind)
    agree(impl, impl.run(blind), due)
    other = blind.having(memory=1 - 2 * case.arrays["memory"])
    agree(impl, impl.run(other), due, "masked memory affects the output")
    none = case.having(memory=case.arrays["memory"][:, :0])
    agree(impl, impl.run(none), due, "a memory of size 0 differs from a fully masked memory")


@law(OPERATION, share=0.25)
def test_memory_permutation(impl: Subject, case: Case) -> None:
    """Permuting the memory, and the mask with it, has no effect: f(x, memory[s]) = f(x, memory)."""
    s = case.random().permutation(case.sizes()["S"])
    changes: dict[str, Any] = {"memory": case.arrays["memory"][:, s]}
    mask = case.option("memory_mask")
    if mask is not None and mask.shape[-1] > 1:
        changes["memory_mask"] = mask[..., s]
    agree(
        impl,
        impl.run(case.having(**changes)),
        impl.expected(case),
        "the order of the memory changes the output",
    )


@law(OPERATION, share=0.1, cases=drawn(T=5, S=5))
def test_its_own_memory(impl: Subject, case: Case) -> None:
    """One array as both x and memory gives the same output as two equal arrays."""
    own = case.having(memory=case.arrays["x"])
    arrays, options = impl.native(own, {})
    outputs = impl.answer(own, {**arrays, "memory": arrays["x"]}, options)
    agree(
        impl,
        outputs,
        impl.expected(own),
        "one array for x and memory differs from two equal arrays",
    )


@law(OPERATION, share=0.2, cases=drawn(mask=None))
def test_a_memory_of_copies_is_one_of_them(impl: Subject, case: Case) -> None:
    """Weights sum to one: if all positions of the memory are equal, their number has no effect."""
    n, random = case.sizes(), case.random()
    one = random.choice([0.5, -1.0]) if random.randint(2) else random.standard_normal(n["E"])
    single = case.having(memory=np.zeros((n["B"], 1, n["E"])) + one)
    copies = single.having(memory=np.repeat(single.arrays["memory"], max(n["S"], 2), axis=1))
    agree(
        impl,
        impl.run(copies),
        impl.expected(single),
        "the number of equal memory positions changes the output",
    )


@law(OPERATION, share=0.2, needs=("memory_mask",))
def test_boolean_mask_is_its_floating_one(impl: Subject, case: Case) -> None:
    """A boolean memory mask equals the floating one with 0 where it is True and -inf elsewhere."""
    keep = case.random().random_sample(attended(case).shape) < 0.7
    boolean = case.having(memory_mask=keep)
    floating = case.having(memory_mask=np.where(keep, 0.0, -np.inf))
    for one in (boolean, floating):
        says = "the floating mask gives another result than the boolean mask"
        agree(impl, impl.run(one), impl.expected(one), says)


@law(OPERATION, share=0.3)
def test_a_sublayer_alone(impl: Subject, case: Case) -> None:
    """Each sublayer is correct alone, with the last matrices of the other sublayers set to 0."""
    for name, alone in sublayers_alone(case).items():
        says = f"with {name} alone the output does not match the specification"
        agree(impl, impl.run(alone), impl.expected(alone), says)


@law(OPERATION, share=0.15, gradients=True)
def test_gradients_of_a_sublayer_alone(impl: Subject, case: Case) -> None:
    """The gradients of each sublayer are correct with the others' last matrices set to 0."""
    for name, alone in sublayers_alone(case).items():
        says = f"with {name} alone the gradient does not match the specification"
        agree(impl, impl.pull(alone), impl.expected(alone, vjp=True), says, nan_is_free=True)


@law(OPERATION, "encoder_layer", share=0.1, gradients=True)
def test_relu_has_no_slope_at_zero(impl: Subject, case: Case) -> None:
    """Hidden units that are exactly 0, because their weights are, have gradient 0: relu'(0) = 0."""
    names = ("params.linear1.weight", "params.linear1.bias")
    still = zeroed(case, *names).having(activation="relu")
    if impl.fully_masked(still) == "nan":
        return
    expected = impl.expected(still, vjp=True)
    due = {name: none_where(True, expected[name].allowed) for name in names}
    agree(impl, impl.pull(still), due, "relu has a nonzero slope at 0")


def sublayers_alone(case: Case) -> dict[str, Case]:
    """Return, for each sublayer, the case in which only that one has an effect."""
    return {
        name: zeroed(case, *(n for other in SUBLAYERS if other != name for n in SUBLAYERS[other]))
        for name in SUBLAYERS
    }


@law(OPERATION, share=0.1)
def test_without_sublayers_pre_norm_is_the_identity(impl: Subject, case: Case) -> None:
    """With norm_first and all last matrices 0, out = x bit for bit: the residual path is exact."""
    if impl.fully_masked(case) == "nan":  # 0 * NaN is NaN
        case = case.without("memory_mask")
    bare = zeroed(case, *(n for names in SUBLAYERS.values() for n in names))
    bare = bare.having(norm_first=True)
    free = np.where(np.isinf(impl.expected(bare)["out"].allowed), np.inf, 0.0)
    due = {"out": Expected(case.arrays["x"], free)}
    agree(impl, impl.run(bare), due, "the residual path changes its input")


@law(OPERATION, share=0.1)
def test_without_weights_the_last_norm_leaves_its_bias(impl: Subject, case: Case) -> None:
    """Post-norm with norm3.weight = 0 gives norm3.bias at every position, bit for bit."""
    if impl.fully_masked(case) == "nan":
        case = case.without("memory_mask")
    bare = zeroed(case, "params.norm3.weight").having(norm_first=False)
    bias = np.array(np.broadcast_to(case.arrays["params.norm3.bias"], case.arrays["x"].shape))
    free = np.where(np.isinf(impl.expected(bare)["out"].allowed), np.inf, 0.0)
    agree(impl, impl.run(bare), {"out": Expected(bias, free)}, "the output is not the bias alone")
