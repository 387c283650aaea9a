"""Wrong rotary embeddings in NumPy: angles, pairs, positions."""

from functools import partial

import numpy as np

from zoo.cases import case
from zoo.entries import wrong
from zoo.manners import accepts, differs_after, writes
from zoo.positions import base
from zoo.roundings import bfloat16, float16
from zoo.witness import differs, gradient_differs, layout

given = partial(case, "rotary_embedding")
rotary = partial(wrong, base.rotary_embedding)
at = lambda *positions: given(positions=lambda _: np.array(positions))  # noqa: E731
SCATTERED, LATE = at(9, 3, 0, 1, 7), at(1001, 3, 777, 1, 0)


def narrow(kind):
    """Positions of a narrow type."""
    return layout("positions", lambda array: array.astype(kind))


@rotary("pairs", "option ignored", differs(given(interleaved=True)), diagnosis="never interleaved")
def rotary_never_interleaved(a, z):
    """Pairs are always halves, whatever is asked."""
    a.interleaved = False
    return base.pairs(a, z)


@rotary("arguments", "option ignored", differs(given()), diagnosis="always interleaved")
def rotary_always_interleaved(a):
    """Pairs are always neighbours, whatever is asked."""
    a.interleaved = True


@rotary("arguments", "formula", differs(given()), diagnosis="the two pairings exchanged")
def rotary_pairings_exchanged(a):
    """Interleaved pairs are taken where halves are asked for, and the other way round."""
    a.interleaved = not a.interleaved


@rotary("together", "layout", differs(given(interleaved=True)))
def rotary_taken_interleaved_given_in_halves(a, u, v):
    """Interleaved pairs are put together as halves, as if the weights had been permuted."""
    return np.concatenate([u, v], axis=-1)


@rotary(None, "formula", differs(given()), diagnosis="the rotation in the other direction")
def rotary_in_the_other_direction():
    """The sign of the sine is wrong, in both directions."""
    return {"turn": base.back, "back": base.turn}


@rotary("turn", "formula", differs(given()))
def rotary_is_a_reflection(a, u, v, cos, sin):
    """The second feature of each pair has the sign of the sine wrong."""
    return u * cos - v * sin, v * cos - u * sin


@rotary("turn", "formula", differs(given()), diagnosis="the second feature from the turned first")
def rotary_second_of_the_turned_first(a, u, v, cos, sin):
    """The second feature is computed from the first one as it is already turned."""
    first = u * cos - v * sin
    return first, v * cos + first * sin


@rotary("frequencies", "formula", differs(given()), diagnosis="exponents i / D")
def rotary_exponent_without_two(a):
    """The exponent is i / D in place of 2i / D."""
    dim = a.x.shape[-1]
    return float(a.base) ** -(np.arange(dim // 2) / max(dim, 1))


@rotary("frequencies", "formula", differs(given()))
def rotary_last_rate_is_the_base(a):
    """The rates go down to 1 / base itself: divided by one pair less."""
    half = a.x.shape[-1] // 2
    return float(a.base) ** -(np.arange(half) / max(half - 1, 1))


@rotary("frequencies", "option ignored", differs(given(base=100.0)), diagnosis="base ignored")
def rotary_base_ignored(a):
    """The base is always 10000."""
    a.base = 10000.0
    return base.frequencies(a)


@rotary("angles", "formula", differs(SCATTERED), diagnosis="positions ignored")
def rotary_positions_ignored(a, frequencies):
    """Rows are taken to stand at 0, 1, 2, ..."""
    return np.arange(len(a.positions))[:, None] * frequencies


@rotary(
    "angles",
    "formula",
    differs(SCATTERED),
    diagnosis="positions from the first",
)
def rotary_positions_from_the_first(a, frequencies):
    """Positions are counted from the first one."""
    return (a.positions - a.positions[:1])[:, None] * frequencies


@rotary("angles", "off by one", differs(given()), diagnosis="positions from 1")
def rotary_off_by_one(a, frequencies):
    """Every position is one too large."""
    return (a.positions + 1)[:, None] * frequencies


@rotary(
    "angles",
    "formula",
    differs(at(-3, 2, -1, 0, 5)),
    diagnosis="absolute positions",
)
def rotary_negative_positions_turn_forwards(a, frequencies):
    """A negative position turns in the same direction as a positive one."""
    return np.abs(a.positions)[:, None] * frequencies


@rotary("angles", "table", differs(at(2049, 3, 5000, 1, 0)))
def rotary_table_of_2048(a, frequencies):
    """Beyond 2048 positions the last one of the table is taken."""
    return np.clip(a.positions, -2047, 2047)[:, None] * frequencies


@rotary("angles", "overflow", differs(at(40_000, 3, 5000, 1, 0)))
def rotary_positions_in_sixteen_bits(a, frequencies):
    """Positions are held in 16 bits, and turn negative at 32768."""
    return a.positions.astype(np.int16)[:, None] * frequencies


@rotary("angles", "precision", differs(LATE))
def rotary_angles_in_bfloat16(a, frequencies):
    """Angles are rounded to bfloat16."""
    return bfloat16((a.positions[:, None] * frequencies).astype(np.float32))


@rotary("angles", "precision", differs(LATE))
def rotary_positions_in_bfloat16(a, frequencies):
    """Positions are rounded to bfloat16, as those of a cast model are: 257 is 256."""
    return bfloat16(a.positions.astype(np.float32))[:, None] * frequencies


@rotary("frequencies", "precision", differs(LATE))
def rotary_rates_in_float16(a):
    """Rates are rounded to float16, as those of a cast model are."""
    return float16(base.frequencies(a))


@rotary("waves", "precision", differs(given()))
def rotary_waves_in_bfloat16(a, angles):
    """Sines and cosines of float32 numbers are kept in bfloat16."""
    return tuple(bfloat16(wave) for wave in base.waves(a, angles))


def turns_at_position_zero(subject):
    """sin 0 is 0 within any number of ulp, so (1, 0) stays (1, 0) at position 0."""
    x = np.array([1, 0], np.float32).reshape(1, 1, 1, 2)
    return bool(subject.rotary_embedding(x, np.array([0]))[0, 0, 0, 1] != 0)


@rotary("waves", "precision", turns_at_position_zero)
def rotary_sine_by_a_shifted_cosine(a, angles):
    """The sine is the cosine of the angle less a quarter turn, in float32: too coarse far out."""
    angles = angles.astype(np.float32)
    sin = np.cos(angles - np.float32(np.pi / 2))
    return np.cos(angles).astype(a.x.dtype), sin.astype(a.x.dtype)


@rotary("waves", "broadcast", differs(given(N=5, L=5)))
def rotary_turns_heads_for_positions(a, angles):
    """Where there are as many heads as positions the angles go along the heads."""
    cos, sin = base.waves(a, angles)
    if a.x.shape[1] != a.x.shape[2]:
        return cos, sin
    return cos[:, None], sin[:, None]


@rotary("waves", "tile tail", differs(given(D=66)))
def rotary_only_sixty_four_features(a, angles):
    """Beyond 64 features the pairs are not turned."""
    cos, sin = base.waves(a, angles)
    cos[:, 32:], sin[:, 32:] = 1, 0
    return cos, sin


@rotary("angles", "tile tail", differs(given(L=17)))
def rotary_tail_of_eight_left_out(a, frequencies):
    """At lengths 8k+1 the last row is not turned."""
    positions = np.array(a.positions)
    if len(positions) % 8 == 1 and len(positions) > 1:
        positions[-1] = 0
    return positions[:, None] * frequencies


KEPT: dict = {}


@rotary("waves", "stale", differs_after(given(), SCATTERED))
def rotary_waves_kept_by_shape(a, angles):
    """Sines and cosines are kept from the first call with so many positions and features."""
    key = (angles.shape, a.x.dtype, a.base)
    return KEPT.setdefault(key, base.waves(a, angles))


@rotary("result", "writes an input", writes(given()))
def rotary_in_place(a, o):
    """The rotation is done in place, then returned as a copy."""
    if a.x.flags.writeable:
        a.x[...] = o.out


@rotary("back", "gradient", gradient_differs(given()), diagnosis="the gradient turned forwards")
def rotary_gradient_turned_forwards(a, u, v, cos, sin):
    """The gradient is turned in the same direction as the input, not back."""
    return base.turn(a, u, v, cos, sin)


@rotary("back", "gradient", gradient_differs(given()), diagnosis="the gradient not turned")
def rotary_gradient_not_turned(a, u, v, cos, sin):
    """The gradient is passed on as it is."""
    return u + 0, v + 0


@rotary("back", "gradient", gradient_differs(given()))
def rotary_gradient_without_sines(a, u, v, cos, sin):
    """The gradient lacks what crosses from one feature of a pair to the other."""
    return u * cos, v * cos


@rotary("vjp_arguments", "gradient", gradient_differs(given(interleaved=True)))
def rotary_gradient_in_halves(a):
    """The gradient takes pairs as halves, whatever is asked."""
    a.interleaved = False


def as_floats(arrays, options):
    arrays["positions"] = arrays["positions"].astype(np.float32)


def one_position_less(arrays, options):
    arrays["positions"] = arrays["positions"][:1]


@rotary("check", "refusal", accepts(given(), as_floats))
def rotary_takes_floating_positions(a):
    """Floating positions are answered."""
    a.positions = a.positions.astype(int)
    base.check(a)


@rotary("check", "refusal", accepts(given(), one_position_less))
def rotary_broadcasts_one_position(a):
    """One position is taken for all rows."""
    if len(a.positions) == 1 and a.x.ndim == 4:
        a.positions = np.repeat(a.positions, a.x.shape[2])
    base.check(a)


@rotary("angles", "narrow integers", differs(at(1, 3, 100, 60, 7), layout=narrow("uint8")))
def rotary_positions_scaled_in_their_type(a, frequencies):
    """Four times the positions, in a type that may be narrow, at a quarter of the rates."""
    return (a.positions * a.positions.dtype.type(4))[:, None] * (frequencies / 4)
