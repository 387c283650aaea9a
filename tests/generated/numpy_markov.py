"""Log-probabilities of Markov chains, in NumPy."""

import math

import numpy as np

from generated.numpy_manners import narrow, wide
from generated.numpy_sums import total


def log(x):
    """By NumPy; -inf at 0."""
    with np.errstate(divide="ignore"):
        return np.log(x)


def log__binary(x):
    """The binary logarithm times log 2."""
    with np.errstate(divide="ignore"):
        return np.log2(x) * x.dtype.type(math.log(2))


def log__in_float64(x):
    """In a wider type, rounded once."""
    with np.errstate(divide="ignore"):
        return np.log(x.astype(np.float64)).astype(x.dtype)


def windows(states, order):
    """Where the tables are read: k arrays (B,), and k + 1 arrays (B, T - k)."""
    time = states.shape[1]
    first = tuple(states[:, i] for i in range(order))
    return first, tuple(states[:, i : time - order + i] for i in range(order + 1))


def looked_up(table, places):
    """Logarithms of the entries of a table."""
    return log(table[places])


def looked_up__flat(table, places):
    """By one index into the flat table."""
    flat = np.ravel_multi_index(places, table.shape) if table.size else places[0]
    return log(table.reshape(-1)[flat])


def looked_up__logarithms_first(table, places):
    """The logarithm of the whole table comes first."""
    return log(table)[places]


def added(first, rest):
    """The sum of (B,) and (B, T - k) along time."""
    return first + total(rest)[:, 0]


def added__together(first, rest):
    """One sum."""
    return total(np.concatenate([first[:, None], rest], axis=1))[:, 0]


def added__step_by_step(first, rest):
    """One step after the other."""
    s = first
    for t in range(rest.shape[1]):
        s = s + rest[:, t]
    return s


def table_gradient(d, table, places):
    """sum d / table over the places."""
    out = np.zeros(table.shape, table.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.add.at(out, places, d / table[places])
    return out


def table_gradient__added_first(d, table, places):
    """The cotangents are added up first."""
    out, read = np.zeros(table.shape, table.dtype), np.zeros(table.shape, bool)
    np.add.at(out, places, d)
    read[places] = True
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(read, out / np.where(read, table, 1), out)


def table_gradient__counted(d, table, places):
    """By bincount, which adds in float64."""
    if not table.size:
        return np.zeros(table.shape, table.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (d / table[places]).astype(np.float64)
    flat = np.ravel_multi_index(places, table.shape).reshape(-1)
    sums = np.bincount(flat, terms.reshape(-1), table.size)
    return sums.reshape(table.shape).astype(table.dtype)


def guard_chain(states, initial, transition):
    """Check tables and states."""
    if states.dtype.kind not in "iu":
        raise TypeError(f"states are {states.dtype}")
    if initial.dtype != transition.dtype or initial.dtype.kind != "f":
        raise TypeError("tables of one floating dtype are expected")
    size, order = transition.shape[-1], initial.ndim
    if initial.shape != (size,) * order or transition.shape != (size,) * (order + 1) or not order:
        raise ValueError("the tables do not fit")
    if states.ndim != 2 or states.shape[1] < order:
        raise ValueError(f"states have shape {states.shape}")
    if np.any(states < 0) or np.any(states >= size):
        raise ValueError("a state is not in the table")


def guard_chain__states(states, initial, transition):
    """Check the states alone."""
    if np.any(states < 0) or np.any(states >= initial.shape[0]):
        raise IndexError("a state is not in the table")


def markov_log_prob(states, initial, transition):
    """Log-probability of each row of states."""
    states = np.asarray(states)
    guard_chain(states, initial, transition)
    first, rest = windows(states, initial.ndim)
    logs = looked_up(wide(initial), first), looked_up(wide(transition), rest)
    return narrow(added(*logs), initial)


def markov_log_prob_vjp(dlog_prob, states, initial, transition):
    """Gradient of markov_log_prob."""
    states = np.asarray(states)
    guard_chain(states, initial, transition)
    if dlog_prob.shape != states.shape[:1]:
        raise ValueError(f"dlog_prob has shape {dlog_prob.shape}")
    first, rest = windows(states, initial.ndim)
    d = wide(dlog_prob)
    along = np.repeat(d[:, None], rest[0].shape[1], axis=1)
    dinitial = table_gradient(d, wide(initial), first)
    dtransition = table_gradient(along, wide(transition), rest)
    return narrow(dinitial, initial), narrow(dtransition, initial)
