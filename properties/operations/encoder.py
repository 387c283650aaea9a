"""Cases of the encoder layer, and the parameters of whatever has sublayers."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    drawn_sizes,
    with_cotangents,
)
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, pick, representable
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Choice, Flag, Mask
from seqlaws.properties.inputs.sizes import (
    LENGTHS,
    LONG,
    PLAIN,
    Fixed,
    Sweeps,
    beside,
    each,
    heads,
    pairs_of,
    whole,
    widths,
)
from seqlaws.properties.operations.multi_head import (
    drawn_heads,
    features,
    few,
    mask_options,
    shapes_of_masks,
)
from seqlaws.reference import decoder, encoder

ARRAYS = {"x": "B T E", **{f"params.{name}": a for name, a in encoder.PARAMETERS.items()}}
GAINS = (0.5, 0.25, 1.0, 0.5)  # of a matrix: what it makes of numbers around 1
ACTIVATION = Choice(("relu", "gelu"))
SMALL: Fixed = {**few(1), "T": 1, "N": 1, "D": 3}  # a norm of two features has no gradient
WIDEST = 48  # features: beyond it a whole layer's bound says little


def encoder_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Both activations, both places of the norm, all kinds of masks, one head and more."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "T D F", "T", fixed) | drawn_heads(draw, fixed)
    if n["N"] * n["D"] > WIDEST and "N" not in fixed:
        n["N"] = 1
    n["B"] = fixed.get("B", pick(draw, (2, 1, 3, n["N"])))
    n |= features(n, fixed)
    gain = pick(draw, fixed.get("gains", GAINS))
    arrays = {"x": fill.array(n["B"], n["T"], n["E"])}
    for name, axes in ARRAYS.items():
        if name != "x":
            arrays[name] = layer_parameter(fill, name, axes, n, gain)
    options: dict[str, Any] = {"num_heads": n["N"]}
    options["activation"] = pick(draw, ("relu", "gelu"))
    options["norm_first"] = pick(draw, (False, True))
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    options |= mask_options(draw, fill, {**n, "L": n["T"], "S": n["T"]}, fixed)
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


def layer_parameter(
    fill: Filling, name: str, axes: str, sizes: dict[str, int], gain: float
) -> Array:
    """A weight matrix of a gain, a norm's weight around 1, a bias that is not 0."""
    shape = [int(a.removesuffix(a[-1]) or 1) * sizes[a[-1]] for a in axes.split()]
    if len(shape) > 1:
        return fill.array(*shape, scale=gain * max(shape[-1], 1) ** -0.5)
    if "norm" in name and name.endswith("weight"):
        return representable(1 + fill.array(*shape, scale=0.5), fill.dtype)
    return fill.array(*shape, scale=0.5)


def layer_sizes(
    draw: Draw, letters: str, may_be_zero: str, fixed: Mapping[str, Any]
) -> dict[str, int]:
    """A size for each letter and B, N heads of D features, and E, which is N D."""
    n = drawn_sizes(draw, letters, may_be_zero, fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 2)))
    n["N"] = fixed.get("N", pick(draw, (1, 2, 3, 2)))
    n["D"] = fixed.get("D", pick(draw, (2, 1, 3, 4, 5, 8)))
    return n | features(n, fixed)


def layer_parameters(
    fill: Filling, prefix: str, sizes: dict[str, int], gain: float
) -> dict[str, Array]:
    """Return the parameters of one layer, under names with a prefix."""
    axes = decoder.PARAMETERS
    return {prefix + name: layer_parameter(fill, name, axes[name], sizes, gain) for name in axes}


KINDS: list[Fixed] = [
    {"activation": act, "norm_first": first, "mask": mask}
    for act, first, mask in product(
        ("relu", "gelu"), (False, True), (None, "boolean", "floating", "both")
    )
]

STACKED: tuple[Fixed, ...] = (
    {"activation": "relu", "norm_first": False},
    {"activation": "gelu", "norm_first": True},
)


def every_size(operation: Operation) -> list[Fixed]:
    """Each length, width of a head and number of hidden units up to 67; heads up to 17.

    Matrices that make everything smaller, or the bound of wide ones says little; once each with
    both activations, for relu hides a hidden unit.
    """
    letters = {"T": (0, *LENGTHS[-7:-1]), "F": (129,), "D": (65,)}
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "gains": (0.25,)}
    sizes = beside(each(67, "T", "F"), heads(67, 17, 48))
    pinned = [{**bare, **n, **kind} for kind in STACKED for n in sizes]
    pinned += [few(n) for n in range(38)] + wide() + of_models()
    return pinned + [{letter: n} for letter, some in letters.items() for n in some]


def of_models() -> list[Fixed]:
    """As many features as small models have, and as many steps; each alone, for it costs most."""
    small: Fixed = {**SMALL, "gains": (0.25,)}
    return both_norms(widths(small, "D", "T", sizes=LONG[-1:]))


def wide() -> list[Fixed]:
    """Entries and hidden units at the widths; more features; steps whose square has 18 bits."""
    small: Fixed = {**SMALL, "gains": (0.25,)}
    more = widths(small, "D", sizes=(129, 257)) + widths(small, "T", sizes=(257, 513))
    return both_norms(widths(small, "B", "F") + more)


def large_products(operation: Operation) -> list[Fixed]:
    """Hidden units beside entries, and beside steps."""
    small: Fixed = {**SMALL, "gains": (0.25,)}
    return both_norms(pairs_of(small, "B", "T", "F", B=9, T=9))


def both_norms(pinned: list[Fixed]) -> list[Fixed]:
    """Every second case with the norms first."""
    return [one | {"norm_first": bool(k % 2)} for k, one in enumerate(pinned)]


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients: up to 37; matrices that make nothing larger."""
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "activation": "gelu", "gains": (0.25,)}
    pinned = [{**bare, **n} for n in beside(each(37, "T", "F"), heads(37, 9, 37))]
    pinned += [{"gains": (0.25, 0.5), "T": n} for n in (0, *LENGTHS[-9:-7])]
    return pinned + [few(n) | {"gains": (0.25,)} for n in range(20)] + wide() + of_models()


def every_combination(operation: Operation) -> list[Fixed]:
    """Both activations, both places of the norm, every kind of mask; every shape of a mask."""
    sizes: list[Fixed] = [{"T": 5, "B": 2, "N": 3, "D": 2}, {"T": 2, "B": 2, "N": 2, "D": 3}]
    kinds: list[Fixed] = [{"T": 7, "N": 2, "D": 3, **kind} for kind in KINDS]
    return kinds + far() + shapes_of_masks(sizes)


def of_gradients(operation: Operation) -> list[Fixed]:
    """Return both activations, both places of the norm and every kind of mask, at one size."""
    return [{"T": 4, "N": 2, "D": 4, "gains": (0.25, 0.5), **kind} for kind in KINDS] + far()


def far() -> list[Fixed]:
    """Each kind of mask beside many steps, and beside many entries; sizes that tiles divide."""
    small: Fixed = {**SMALL, "gains": (0.25,)}
    ends: list[Fixed] = [{"T": 515}, {"B": 259, "T": 3}]
    masked = [small | n | {"mask": m} for n in ends for m in ("boolean", "floating")]
    return both_norms(masked + whole(small, "T", "D", "F"))


def unequal(operation: Operation) -> list[Fixed]:
    """One head and more."""
    return [
        {"B": 2, "T": 5, "N": 3, "D": 4, "F": 7},
        {"B": 3, "T": 4, "N": 2, "D": 5, "F": 6},
        {"B": 4, "T": 9, "N": 1, "D": 8, "F": 3},
    ]


def one_large(operation: Operation) -> list[Fixed]:
    """A long sequence in a large batch; as many features as models have; very many entries."""
    long: Fixed = {"B": 9, "T": 130, "N": 3, "D": 8, "F": 65}
    wide: Fixed = {"B": 2, "T": 5, "N": 8, "D": 40, "F": 600}
    many: Fixed = {**few(14_600), "T": 9}
    return [{"mask": None, "gains": (0.5,), **n} for n in (long, wide, many)]


ENCODER_LAYER = Operation(
    spec=reference.encoder_layer,
    vjp=reference.encoder_layer_vjp,
    arrays=ARRAYS,
    outputs={"out": "B T E"},
    share=0.5,
    layouts=("BTE", "TBE"),
    kinds={"activation": ACTIVATION, "norm_first": Flag(), "mask": Mask("B N T T")},
    case=encoder_case,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        of_gradients,
        one_large,
        large_products,
        summed=("F", "B"),
    ),
    long={"T": 65, "gains": (0.25,)},
    benchmark=Benchmark(
        sizes={
            "B": (1, 4, 8),
            "N": (2, 4, 4),
            "T": (16, 64, 128),
            "E": (16, 64, 128),
            "F": (32, 128, 512),
        },
        # four projections, q k^T and p v; two matrices of E F
        products={"B T E E": 8, "B T T E": 4, "B T E F": 4},
        # biases 5, sums past the sublayers 2, norms 2 x 7; hidden units: bias, relu; then biases 5,
        # sums 2, dq + dk + dv 2, norms 2 x 11; hidden units: slope, its product, bias
        entrywise={"B T E": 21, "B T F": 2, "B N T T": 6},
        gradient={"B T E": 31, "B T F": 3, "B N T T": 5},
    ),
)
