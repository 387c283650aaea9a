"""Wrong Markov chains in torch: what is written in a hurry, and what autograd makes of it."""

from functools import partial

import torch

from zoo.cases import case
from zoo.entries import wrong
from zoo.markov import base_torch as base
from zoo.witness import differs, gradient_differs

given = partial(case, "markov_log_prob")
markov = partial(wrong, base.markov_log_prob)


@markov(None, "underflow", differs(given(T=300)), diagnosis="the logarithm of the product")
def torch_markov_logarithm_of_the_product():
    """Probabilities are multiplied, and the logarithm is taken of what is left."""
    return {
        "logarithm": lambda a, p: p,
        "total": lambda a, one, p: torch.log(one * p.prod(1)),
    }


@markov("logarithm", "zero", differs(given(transition=lambda t: t * 0)))
def torch_markov_clamped(a, p):
    """Probabilities are clamped at 1e-8."""
    return torch.log(p.clamp(min=1e-8))


@markov(None, "precision", gradient_differs(given(dtype="bfloat16", T=300, S=2, K=1), 0.05),
        dtypes=("bfloat16",))  # fmt: skip
def torch_markov_gradients_added_up_in_bfloat16():
    """What is read is widened after it is read: gradients are added up in 16 bits."""

    def read(a, table, places):
        return table.bfloat16()[places].float()

    return {"read": read}


@markov("read", "graph", gradient_differs(given()), diagnosis="no gradient of the initial states")
def torch_markov_initial_detached(a, table, places):
    """initial is cut off the graph."""
    return (table.detach() if table is a.initial else table)[places]


@markov("windows", "layout", differs(given(K=1)), diagnosis="the transition transposed")
def torch_markov_transition_transposed(a):
    """The next state is read on the first axis."""
    *before, next_one = base.windows(a)
    return (next_one, *before)
