"""Right Markov chains in torch: four dtypes, and other ways to read a table."""

from functools import partial

import torch

from zoo.base_torch import wide
from zoo.entries import right
from zoo.markov import base_torch as base

ALL = ("float32", "float64", "bfloat16", "float16")
markov = partial(right, base.markov_log_prob, dtypes=ALL)


@markov(None, "plain")
def torch_markov_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@markov("read", "formulation")
def torch_markov_read_by_take(a, table, places):
    """The table is read by one number for each tuple of states, with torch.take."""
    flat = torch.zeros_like(places[0])
    for place in places:
        flat = flat * table.shape[-1] + place
    return torch.take(table, flat)


@markov("total", "formulation")
def torch_markov_joined_and_summed(a, one, logs):
    """The first logarithm is one of the others."""
    return torch.cat([one[:, None], logs], 1).sum(1)


@markov(None, "precision")
def torch_markov_logarithms_stored():
    """Logarithms are cast to the dtype of the tables before they are added up."""

    def arguments(a):
        a.stored = a.initial.dtype

    return {"arguments": arguments, "logarithm": lambda a, p: wide(torch.log(p).to(a.stored))}
