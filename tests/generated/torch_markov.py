"""Log-probabilities of Markov chains, in torch."""

import torch

from generated.torch_manners import narrow, wide
from generated.torch_sums import total


def log(x):
    """By torch; -inf at 0."""
    return torch.log(x)


def log__in_float64(x):
    """In a wider type, rounded once."""
    return torch.log(x.double()).to(x.dtype)


def looked_up(table, places):
    """Logarithms of the entries of a table."""
    return log(table[places])


def looked_up__logarithms_first(table, places):
    """The logarithm of the whole table comes first."""
    return log(table)[places]


def looked_up__gathered(table, places):
    """By one index into the flat table."""
    flat = torch.zeros_like(places[0])
    for place in places:
        flat = flat * table.shape[0] + place
    return log(table.flatten().take(flat))


def added(first, rest):
    """The sum of (B,) and (B, T - k) along time."""
    return first + total(rest)[:, 0]


def added__together(first, rest):
    """One sum."""
    return total(torch.cat([first[:, None], rest], 1))[:, 0]


def added__step_by_step(first, rest):
    """One step after the other."""
    s = first
    for t in range(rest.shape[1]):
        s = s + rest[:, t]
    return s


def guard_chain(states, initial, transition):
    """Check tables and states."""
    if states.is_floating_point() or states.dtype == torch.bool:
        raise TypeError(f"states are {states.dtype}")
    if initial.dtype != transition.dtype or not initial.is_floating_point():
        raise TypeError("tables of one floating dtype are expected")
    size, order = transition.shape[-1], initial.dim()
    if tuple(initial.shape) != (size,) * order or not order:
        raise ValueError("the tables do not fit")
    if tuple(transition.shape) != (size,) * (order + 1):
        raise ValueError("the tables do not fit")
    if states.dim() != 2 or states.shape[1] < order:
        raise ValueError(f"states have shape {tuple(states.shape)}")
    if bool(((states < 0) | (states >= size)).any()):
        raise ValueError("a state is not in the table")


def guard_chain__states(states, initial, transition):
    """Check the states alone."""
    if bool(((states < 0) | (states >= initial.shape[0])).any()):
        raise IndexError("a state is not in the table")


def markov_log_prob(states, initial, transition):
    """Log-probability of each row of states."""
    guard_chain(states, initial, transition)
    order, time = initial.dim(), states.shape[1]
    states = states.to(torch.int64)
    first = tuple(states[:, i] for i in range(order))
    rest = tuple(states[:, i : time - order + i] for i in range(order + 1))
    logs = looked_up(wide(initial), first), looked_up(wide(transition), rest)
    return narrow(added(*logs), initial)
