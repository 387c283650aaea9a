"""Laws of positions: properties of sinusoidal encodings and rotations at any position.

Vaswani et al. (2017), "Attention is all you need", section 3.5; Su et al. (2021), "RoFormer",
section 3.4.
"""

from dataclasses import replace

import numpy as np

from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Fixed,
    LawBrokenError,
    Operation,
    Subject,
    agree,
    another,
    both_within,
    drawn,
    law,
    same,
)
from seqlaws.properties.operations.positions import FAR
from seqlaws.reference.numbers.arithmetic import unit_roundoff

NEAR = drawn(positions="scattered")
WITH_PAIRS = drawn(length=24, dim=14)


def pairs(case: Case, z: Array) -> tuple[Array, Array]:
    """Return the first and the second feature of each pair."""
    if case.option("interleaved"):
        return z[..., 0::2], z[..., 1::2]
    first, second = np.split(z, 2, axis=-1)
    return first, second


def together(case: Case, first: Array, second: Array) -> Array:
    """Return pairs as features again."""
    if case.option("interleaved"):
        width = 2 * first.shape[-1]
        return np.stack([first, second], axis=-1).reshape(*first.shape[:-1], width)
    return np.concatenate([first, second], axis=-1)


def turned(case: Case, error: Array) -> Array:
    """Return the error of each feature after pairs with error `error` are rotated by any angle.

    A rotation preserves lengths: the error is at most sqrt(e_1^2 + e_2^2).
    """
    first, second = pairs(case, error)
    return together(case, *(np.hypot(first, second),) * 2)


def product_error(q: Array, k: Array, eq: Array, ek: Array) -> Array:
    """Return the error of q . k due to the errors of q and k and to float64 rounding."""
    own = (q.shape[-1] + 2) * 2.0**-53
    q, k, ek = np.abs(q), np.swapaxes(np.abs(k), -1, -2), np.swapaxes(ek, -1, -2)
    return eq @ (k + ek) + q @ ek + own * ((q + eq) @ (k + ek))


@law("rotary_embedding", share=0.12, cases=NEAR)
def test_scores_depend_on_the_distance_alone(impl: Subject, case: Case) -> None:
    """Moving queries and keys by the same number of positions does not change the scores.

    R(m + s) q . R(n + s) k = R(m) q . R(n) k; Su et al. (2021), equation 11.
    """
    random = case.random()
    keys = another(case).having(positions=random.permutation(case.arrays["positions"]))
    shift = int(random.choice([1, 7, 100, 4096, -300]))
    scores, errors = [], []
    for by in (0, shift):
        given = [c.having(positions=c.arrays["positions"] + by) for c in (case, keys)]
        q, k = (impl.run(c)["out"] for c in given)
        eq, ek = (impl.expected(c)["out"].allowed for c in given)
        scores.append(q @ np.swapaxes(k, -1, -2))
        errors.append(product_error(q, k, eq, ek))
    due = {"scores": Expected(scores[0], errors[0] + errors[1])}
    agree(impl, {"scores": scores[1]}, due, f"scores change if all positions move by {shift}")


@law("rotary_embedding", share=0.2)
def test_pairs_keep_their_length(impl: Subject, case: Case) -> None:
    """A rotation preserves the length of each pair, at any position: |R x| = |x|.

    Sine and cosine of one angle are each within 4 ulp, whatever the error of the angle.
    """
    a = impl.arithmetic
    waves = 2 * a.ulps * unit_roundoff("float32")  # at least, whatever the dtype
    relative = waves + 4 * a.unit + 2 * a.storage_unit  # as held, two products, a sum; as stored
    first, second = pairs(case, case.arrays["x"])
    length = np.hypot(first, second)
    allowed = relative * (1 + relative) * length + 4 * max(a.tiny, a.storage_tiny)
    observed = np.hypot(*pairs(case, impl.run(case)["out"]))
    due = {"length": Expected(length, allowed)}
    agree(impl, {"length": observed}, due, "a rotation changes the length of a pair")


@law("rotary_embedding", share=0.1)
def test_position_zero_turns_nothing(impl: Subject, case: Case) -> None:
    """At position 0 every feature is unchanged: cos 0 = 1 and sin 0 = 0."""
    start = case.having(positions=np.zeros_like(case.arrays["positions"]))
    due = Expected(case.arrays["x"], impl.expected(start)["out"].allowed)
    agree(impl, impl.run(start), {"out": due}, "position 0 changes a feature")


@law("rotary_embedding", share=0.12, cases=NEAR)
def test_rotations_add_up(impl: Subject, case: Case) -> None:
    """Rotations add up: rotating to position a, then by b more, gives R(b) R(a) = R(a + b).

    With b = -a the result is the input: negative positions rotate back.
    """
    a, random = case.arrays["positions"], case.random()
    b = -a if random.randint(2) else random.randint(-100, 1000, a.shape)
    once, at_once = impl.run(case)["out"], case.having(positions=a + b)
    twice = case.having(x=once, positions=b)
    value, own = impl.expected(at_once)["out"]
    allowed = impl.expected(twice)["out"].allowed + own
    allowed = allowed + turned(case, impl.expected(case)["out"].allowed)
    says = "two rotations in sequence differ from one rotation by the sum"
    agree(impl, {"out": impl.run(twice)["out"]}, {"out": Expected(value, allowed)}, says)


@law("rotary_embedding", share=0.12)
def test_only_the_position_tells_rows_apart(impl: Subject, case: Case) -> None:
    """Permuting the rows with their positions permutes the result: f(x[s], p[s]) = f(x, p)[s]."""
    s = case.random().permutation(case.arrays["positions"].shape[0])
    moved = case.having(x=case.arrays["x"][:, :, s], positions=case.arrays["positions"][s])
    value, allowed = impl.run(case)["out"], impl.expected(case)["out"].allowed
    due, slack = value[:, :, s], 2 * allowed[:, :, s]
    says = "a row is rotated by its index, not by its position"
    both_within(impl, impl.run(moved), {"out": due}, {"out": slack}, says)


@law("rotary_embedding", share=0.12, needs=("interleaved",))
def test_pairings_are_permutations_of_each_other(impl: Subject, case: Case) -> None:
    """Interleaved rotates features 2i and 2i + 1 as the other pairing rotates i and i + D/2."""
    halves, mixed = case.having(interleaved=False), case.having(interleaved=True)
    mixed = mixed.having(x=together(mixed, *pairs(halves, case.arrays["x"])))
    value, allowed = impl.run(halves)["out"], impl.expected(halves)["out"].allowed
    due = together(mixed, *pairs(halves, value))
    slack = 2 * together(mixed, *pairs(halves, allowed))
    says = "the two pairings rotate the same pairs differently"
    both_within(impl, impl.run(mixed), {"out": due}, {"out": slack}, says)


@law("rotary_embedding", share=0.12, gradients=True)
def test_gradient_is_the_rotation_back(impl: Subject, case: Case) -> None:
    """The gradient of a rotation is the inverse rotation: R^T R x = x."""
    pulled = case.pulled(out=impl.run(case)["out"])
    allowed = impl.expected(pulled, vjp=True)["x"].allowed
    allowed = allowed + turned(case, impl.expected(case)["out"].allowed)
    due = {"x": Expected(case.arrays["x"], allowed)}
    agree(impl, impl.pull(pulled), due, "the gradient is not the inverse rotation")


def far_out(operation: Operation) -> list[Fixed]:
    """Return positions up to a million, with few and many pairs."""
    ways = (False, True)
    return [
        {"positions": "far", "interleaved": w, "D": d, "L": 5} for w in ways for d in (2, 8, 64)
    ]


@law("rotary_embedding", share=0.01, sweep=far_out, section="edges")
def test_angles_at_a_million(impl: Subject, case: Case) -> None:
    """Angles are at least as accurate as float32, at positions up to a million and in any dtype.

    Near a million, bfloat16 holds only multiples of 4096.
    """
    agree(impl, impl.run(case), impl.expected(case), "angles are not accurate enough")


@law("positional_encoding", share=0.5)
def test_a_row_depends_on_its_position_alone(impl: Subject, case: Case) -> None:
    """A table is the beginning of every longer table."""
    more = case.options["length"] + 1 + int(case.random().randint(70))
    allowed = {"encoding": 2 * impl.expected(case)["encoding"].allowed}
    longer = {"encoding": impl.run(case.having(length=more))["encoding"][: case.options["length"]]}
    both_within(impl, impl.run(case), longer, allowed, "a row depends on the length of the table")


@law("positional_encoding", share=0.2, level="SHOULD", section="manners")
def test_a_row_has_the_same_bits_in_every_table(impl: Subject, case: Case) -> None:
    """A table is the beginning of every longer table, bit for bit."""
    more = case.options["length"] + 1 + int(case.random().randint(70))
    longer = impl.run(case.having(length=more))["encoding"][: case.options["length"]]
    same(
        impl,
        impl.run(case),
        {"encoding": longer},
        "the bits of a row depend on the length of the table",
    )


@law("positional_encoding", share=0.5)
def test_sine_and_cosine_are_of_one_angle(impl: Subject, case: Case) -> None:
    """The squares of each pair of columns sum to one, at any position: sin^2 + cos^2 = 1."""
    encoding = impl.run(case)["encoding"]
    whole = encoding.shape[1] // 2 * 2
    length = np.hypot(encoding[:, 0:whole:2], encoding[:, 1:whole:2])
    allowed = np.full_like(length, (2 * impl.arithmetic.ulps + 4) * 2.0**-53)
    due = {"length": Expected(np.ones_like(length), allowed)}
    agree(impl, {"length": length}, due, "a pair is not the sine and cosine of one angle")


@law("positional_encoding", share=0.2)
def test_position_zero_is_the_beginning(impl: Subject, case: Case) -> None:
    """The first row is 0, 1, 0, 1, ...; an odd number of columns ends with a sine."""
    first = np.tile([0.0, 1.0], case.options["dim"])[: case.options["dim"]][None]
    one = case.having(length=1)
    due = Expected(first, impl.expected(one)["encoding"].allowed)
    agree(impl, impl.run(one), {"encoding": due}, "position 0 is not 0, 1, 0, 1, ...")


@law("positional_encoding", share=0.5, cases=WITH_PAIRS)
def test_a_shift_is_a_rotation(impl: Subject, case: Case) -> None:
    """Moving by k positions is a rotation of the row, the same rotation for all rows.

    sin(a + b) = sin a cos b + cos a sin b; cos(a + b) = cos a cos b - sin a sin b.
    """
    table, allowed = impl.run(case)["encoding"], impl.expected(case)["encoding"].allowed
    k = int(case.random().randint(1, len(table)))
    n = len(table) - k
    (sin, cos), (es, ec) = ((z[:n, 0::2], z[:n, 1::2]) for z in (table, allowed))
    (by_sin, by_cos), (bs, bc) = ((z[k, 0::2], z[k, 1::2]) for z in (table, allowed))
    due = np.stack([sin * by_cos + cos * by_sin, cos * by_cos - sin * by_sin], -1).reshape(n, -1)
    slack = [es + bc + ec + bs, ec + bc + es + bs]  # no wave exceeds 1
    own = np.stack(slack, -1).reshape(n, -1) * (1 + 2.0**-40) + 8 * 2.0**-53
    late = Expected(due, own + allowed[k:])
    agree(
        impl,
        {"encoding": table[k:]},
        {"encoding": late},
        f"moving by {k} positions is not a rotation",
    )


def a_million(operation: Operation) -> list[Fixed]:
    """Return a table of a million rows and three columns."""
    return [{"length": FAR + 1, "dim": 3}]


@law("positional_encoding", share=0.01, sweep=a_million, section="edges")
def test_waves_at_a_million(impl: Subject, case: Case) -> None:
    """At positions up to a million the encoding is as accurate as float64 angles allow."""
    table = impl.run(case)["encoding"]
    for first in (FAR - 9, FAR // 3, 65_536):
        question = ["positional_encoding", 10, case.options["dim"]]
        (due,) = impl.asked("expected", *question, first=np.array(float(first)))
        rows = {"encoding": table[first : first + 10]}
        try:
            agree(
                impl,
                rows,
                {"encoding": due},
                f"from position {first} on the encoding is not accurate enough",
            )
        except LawBrokenError as broken:  # to be found in the whole table
            entry = broken.entry
            if entry is not None:
                index = (first + entry.index[0], entry.index[1])
                broken.entry = replace(entry, index=index)
            raise
