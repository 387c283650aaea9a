"""Wrong Markov chains in NumPy: orders, tables, logarithms, zeros, states."""

from functools import partial

import numpy as np

from zoo.cases import case, fill
from zoo.entries import wrong
from zoo.manners import accepts
from zoo.markov import base
from zoo.roundings import bfloat16, float16
from zoo.witness import differs, layout

given = partial(case, "markov_log_prob")
markov = partial(wrong, base.markov_log_prob)
never = given(transition=fill(0.0))
# Five logarithms around 1 in float32: off by less than 8 roundings, 1e-6.
FINE = 1e-5


def state(value):
    """What makes the first state this one."""
    return lambda arrays, _: arrays["states"].__setitem__((0, 0), value)


@markov("windows", "order", differs(given(K=1)))
def markov_oldest_state_one_too_old(a):
    """Of the states before, the oldest is read one step too early, as of order k + 1."""
    places = base.windows(a)
    older = np.maximum(np.arange(places[0].shape[1]) - 1, 0)
    return (a.states[:, older], *places[1:])


@markov("windows", "order", differs(given(K=3, T=7)), diagnosis="the oldest state forgotten")
def markov_order_one_too_low(a):
    """The state k steps back is not looked at: the one after it stands for it."""
    places = base.windows(a)
    return (places[1], *places[1:]) if a.initial.ndim > 1 else places


@markov("windows", "order", differs(given(K=2)))
def markov_states_newest_first(a):
    """The last k states are read newest first."""
    *before, next_one = base.windows(a)
    return (*reversed(before), next_one)


@markov("windows", "layout", differs(given(K=1)), diagnosis="the transition transposed")
def markov_transition_transposed(a):
    """The next state is read on the first axis."""
    *before, next_one = base.windows(a)
    return (next_one, *before)


@markov("windows", "layout", differs(given(K=2)))
def markov_last_two_axes_swapped(a):
    """The next state is read on the last axis but one."""
    places = base.windows(a)
    return (*places[:-2], places[-1], places[-2])


@markov("total", "formula", differs(given()), diagnosis="the initial states left out")
def markov_initial_ignored(a, one, logs):
    """How likely the first states are is left out."""
    return logs.sum(axis=1)


@markov("total", "formula", differs(given(T=9)))
def markov_initial_at_every_step(a, one, logs):
    """The first states count once for every step."""
    return one * max(logs.shape[1], 1) + logs.sum(axis=1)


@markov("first", "order", differs(given(K=2)))
def markov_initial_of_the_first_state_alone(a):
    """The joint of the first k states is read as if all of them were the first one."""
    return (a.states[:, 0],) * a.initial.ndim


@markov("first", "leak", differs(given(B=3)))
def markov_initial_of_the_first_sequence(a):
    """Every sequence of the batch begins as the first one does."""
    return tuple(np.broadcast_to(s[:1], s.shape) for s in base.first(a))


@markov(None, "underflow", differs(given(T=300)), diagnosis="the logarithm of the product")
def markov_logarithm_of_the_product():
    """Probabilities are multiplied, and the logarithm is taken of what is left."""
    return {
        "logarithm": lambda a, p: p,
        "total": lambda a, one, p: np.log(one * np.prod(p, axis=1)),
    }


@markov("logarithm", "formula", differs(given()), diagnosis="the logarithm to base 2")
def markov_in_bits(a, p):
    """Logarithms are to base 2."""
    return np.log2(p)


@markov("logarithm", "formula", differs(given()))
def markov_in_decades(a, p):
    """Logarithms are to base 10."""
    return np.log10(p)


@markov("total", "formula", differs(given()), diagnosis="the probability itself")
def markov_probability_itself(a, one, logs):
    """What is returned is the probability."""
    return np.exp(one + logs.sum(axis=1))


@markov("total", "formula", differs(given()), diagnosis="the mean over the steps")
def markov_mean_over_steps(a, one, logs):
    """The logarithms are averaged over the steps."""
    return (one + logs.sum(axis=1)) / a.states.shape[1]


@markov("total", "formula", differs(given()), diagnosis="the sign")
def markov_negative_log_likelihood(a, one, logs):
    """What is returned is the loss, with the other sign."""
    return -(one + logs.sum(axis=1))


@markov("logarithm", "zero", differs(never), diagnosis="1e-10 added to probabilities")
def markov_a_little_added(a, p):
    """1e-10 is added to every probability, so that none is 0."""
    return np.log(p + p.dtype.type(1e-10))


@markov("logarithm", "zero", differs(never))
def markov_lowest_for_zero(a, p):
    """A probability of 0 has the logarithm -1e9."""
    return np.where(p > 0, np.log(p), -1e9)


@markov("total", "zero", differs(never))
def markov_nan_for_what_cannot_happen(a, one, logs):
    """Logarithms are weighted by how often each is met, and 0 times -inf is NaN."""
    return one + logs.sum(axis=1) + 0 * logs.sum(axis=1)


@markov("total", "zero", differs(never))
def markov_impossible_steps_skipped(a, one, logs):
    """Steps that cannot happen are left out of the sum."""
    return one + np.where(np.isneginf(logs), 0, logs).sum(axis=1)


@markov("total", "one size", differs(given(T=18, K=2)))
def markov_wrong_at_sixteen_steps(a, one, logs):
    """Where 16 transitions are to be added up, the last is left out."""
    return one + logs[:, :15].sum(axis=1) if logs.shape[1] == 16 else one + logs.sum(axis=1)


@markov("total", "tile tail", differs(given(T=70)))
def markov_tail_beyond_64_steps(a, one, logs):
    """Transitions behind the last full 64 are left out."""
    n = logs.shape[1]
    return one + (logs[:, : n - n % 64] if n > 64 else logs).sum(axis=1)


@markov("total", "off by one", differs(given()), diagnosis="the last step left out")
def markov_last_step_left_out(a, one, logs):
    """The last transition is left out."""
    return one + logs[:, :-1].sum(axis=1)


@markov("total", "one size", differs(given(T=2, K=2)))
def markov_no_transition_no_probability(a, one, logs):
    """Sequences as short as the order have the log-probability 0."""
    return one + logs.sum(axis=1) if logs.shape[1] else 0 * one


@markov("logarithm", "precision", differs(given(), FINE))
def markov_logarithms_in_float16(a, p):
    """Logarithms are kept in float16, in float32, too."""
    return float16(np.log(p))


@markov("total", "precision", differs(given(T=40)))
def markov_added_up_in_bfloat16(a, one, logs):
    """The sum is kept in bfloat16."""
    for t in range(logs.shape[1]):
        one = bfloat16(one + logs[:, t])
    return one


@markov("logarithm", "precision", differs(given(transition=fill(0.95))))
def markov_logarithm_by_expansion(a, p):
    """Near 1 the logarithm is p - 1, the first term of its series."""
    return np.where(p > 0.9, p - 1, np.log(p))


@markov("check_states", "refusal", accepts(given(), state(-1)))
def markov_negative_states_count_from_the_end(a):
    """A state of -1 is the last one, as indices have it."""
    a.states = np.where(a.states == -1, a.transition.shape[-1] - 1, a.states)
    base.check_states(a)


@markov("check_states", "refusal", accepts(given(), state(3)))
def markov_states_clipped(a):
    """A state that is too large is taken for the last one."""
    a.states = np.where(a.states >= a.transition.shape[-1], a.transition.shape[-1] - 1, a.states)
    base.check_states(a)


@markov(
    None,
    "refusal",
    accepts(given(K=2), lambda arrays, _: arrays.update(states=arrays["states"][:, :1])),
)
def markov_short_sequences_padded():
    """Fewer states than the order are answered, as if state 0 had been before."""

    def check_states(a):
        missing = a.initial.ndim - a.states.shape[1] if a.states.ndim == 2 else 0
        if missing > 0:
            a.states = np.pad(a.states, ((0, 0), (missing, 0)))
        base.check_states(a)

    return {"check_states": check_states}


def narrow(array):
    """States of eight bits."""
    return array.astype(np.int8)


@markov(
    "windows", "narrow integers", differs(given(K=2, S=7, T=9), layout=layout("states", narrow))
)
def markov_places_counted_in_the_states_type(a):
    """The place in a flat table is computed in the type of the states: 7^3 places in 8 bits."""
    places, size = base.windows(a), a.states.dtype.type(a.transition.shape[-1])
    flat = 0 * places[0]
    for one in places:
        flat = flat * size + one
    return np.unravel_index(flat.astype(np.int64) % a.transition.size, a.transition.shape)


@markov("windows", "order", differs(given(K=4, S=2, T=9)))
def markov_order_four_looks_back_three(a):
    """From order 4 on, the oldest state is the one that a sequence begins with."""
    oldest, *others = base.windows(a)
    return (oldest if a.initial.ndim < 4 else 0 * oldest + a.states[:, :1], *others)
