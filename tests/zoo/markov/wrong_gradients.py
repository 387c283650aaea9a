"""Wrong Markov chains in NumPy: the gradients."""

from functools import partial

import numpy as np

from zoo.cases import case, put
from zoo.entries import wrong
from zoo.markov import base
from zoo.roundings import bfloat16
from zoo.witness import gradient_differs

given = partial(case, "markov_log_prob")
markov = partial(wrong, base.markov_log_prob)
seen = gradient_differs(given())
often = gradient_differs(given(T=12, S=2, K=1))


def unread(table):
    """What states of 0 never read is impossible."""
    return put(np.s_[1:], 0.0)(table)


beside_zeros = gradient_differs(given(states=lambda s: s * 0, transition=unread, initial=unread))


@markov("share", "reduction", often, diagnosis="each probability counted once")
def markov_gradient_counted_once(a, g, table, places):
    """gradient[places] += what is due: of several steps that read one entry only one counts."""
    gradient = np.zeros_like(table)
    gradient[places] += g / table[places]
    return gradient


@markov("share", "gradient term", seen, diagnosis="the gradient not divided by the probability")
def markov_gradient_of_the_logarithms(a, g, table, places):
    """The gradient is that of the logarithms: it is not divided by the probabilities."""
    gradient = np.zeros_like(table)
    np.add.at(gradient, places, g)
    return gradient


@markov("share", "gradient term", often)
def markov_gradient_of_the_average(a, g, table, places):
    """What is added up for an entry is divided by how often it is read."""
    count = np.zeros_like(table)
    np.add.at(count, places, 1)
    return base.share(a, g, table, places) / np.maximum(count, 1)


@markov("vjp_result", "gradient term", seen, diagnosis="no gradient of the initial states")
def markov_gradient_of_initial_missing(a, g):
    """initial has no gradient."""
    g.initial = np.zeros_like(g.initial)


@markov("vjp_result", "gradient term", seen, diagnosis="no gradient of the transition")
def markov_gradient_of_transition_missing(a, g):
    """transition has no gradient."""
    g.transition = np.zeros_like(g.transition)


@markov("vjp_arguments", "gradient term", seen, diagnosis="the cotangent ignored")
def markov_cotangent_ignored(a):
    """Every sequence has the cotangent 1."""
    a.dlog_prob = np.ones_like(a.dlog_prob)


@markov("vjp_result", "gradient term", seen)
def markov_gradient_within_the_simplex(a, g):
    """The gradient of transition is taken off its mean, so that rows go on summing to 1."""
    g.transition = g.transition - g.transition.mean(axis=-1, keepdims=True)


@markov("vjp_result", "layout", gradient_differs(given(K=1)))
def markov_gradient_transposed(a, g):
    """The gradient of transition has its last two axes swapped."""
    g.transition = np.ascontiguousarray(np.swapaxes(g.transition, -1, -2))


@markov("vjp_result", "zero", gradient_differs(given(states=put(np.s_[0, :3], (0, 1, 0)),
        transition=put((0, 1, 0), 0.0), T=9, S=2), 1e-3))  # fmt: skip
def markov_impossible_sequences_without_gradient(a, g):
    """A sequence that cannot happen has no gradient at all."""
    with np.errstate(all="ignore"):
        kept = np.isfinite(base.forward(a).log_prob)
    a.states, a.dlog_prob = a.states[kept], a.dlog_prob[kept]
    vars(g).update(vars(base.gradient(a)))


@markov("share", "tile tail", gradient_differs(given(T=40)))
def markov_gradient_of_the_first_32_steps(a, g, table, places):
    """Of the steps beyond 32 there is no gradient."""
    if g.ndim == 2 and g.shape[1] > 32:
        g, places = g[:, :32], tuple(p[:, :32] for p in places)
    return base.share(a, g, table, places)


@markov("share", "precision", gradient_differs(given(T=40, S=2, K=1)))
def markov_gradient_added_up_in_bfloat16(a, g, table, places):
    """Gradients are added up in bfloat16."""
    gradient = np.zeros_like(table)
    for place in np.ndindex(*g.shape):
        at = tuple(p[place] for p in places)
        gradient[at] = bfloat16(gradient[at] + g[place] / table[at])
    return gradient
