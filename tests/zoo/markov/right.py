"""Right Markov chains in NumPy: other orders and formulas than the base has."""

from functools import partial

import numpy as np

from zoo.entries import right
from zoo.markov import base

markov = partial(right, base.markov_log_prob)


@markov(None, "plain")
def markov_plain():
    """The base as it is."""
    return {}


@markov("total", "summation order")
def markov_step_by_step(a, one, logs):
    """Logarithms are added up one after another, from the first step on."""
    for t in range(logs.shape[1]):
        one = one + logs[:, t]
    return one


@markov("total", "summation order")
def markov_last_step_first(a, one, logs):
    """Logarithms are added up from the last step to the first."""
    total = np.zeros_like(one)
    for t in reversed(range(logs.shape[1])):
        total = total + logs[:, t]
    return total + one


@markov(None, "formulation")
def markov_logarithms_of_the_tables():
    """The logarithms of the whole tables are taken, and then read."""

    def read(a, table, places):
        with np.errstate(divide="ignore"):
            return np.log(table)[places]

    return {"read": read, "logarithm": lambda a, p: p}


@markov(None, "formulation")
def markov_read_by_flat_index():
    """The table is read by one number for each tuple of states."""

    def read(a, table, places):
        return table.reshape(-1)[np.ravel_multi_index(places, table.shape)]

    return {"read": read}


@markov("share", "formulation")
def markov_gradient_by_counts(a, g, table, places):
    """Cotangents are added up for each entry first; then they are divided by it."""
    flat = np.ravel_multi_index(places, table.shape).reshape(-1)
    total = np.bincount(flat, np.asarray(g, float).reshape(-1), table.size).reshape(table.shape)
    read = np.bincount(flat, minlength=table.size).reshape(table.shape) > 0
    return (total / np.where(read, table, 1)).astype(table.dtype)


@markov("share", "formulation")
def markov_gradient_by_reciprocals(a, g, table, places):
    """Cotangents are multiplied by reciprocals, one after another."""
    gradient = np.zeros_like(table)
    for place in np.ndindex(*places[0].shape):
        at = tuple(p[place] for p in places)
        gradient[at] += g[place] * (1 / table[at])
    return gradient


@markov("logarithm", "precision")
def markov_logarithms_in_float64(a, p):
    """Logarithms are taken and added up in float64."""
    return np.log(p.astype(float))
