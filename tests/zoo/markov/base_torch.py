"""markov_log_prob in plain torch operations; parts as in base_markov, without those of the vjp."""

from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.markov.base import check, check_states, first, read, total, windows


def logarithm(a, p):
    return torch.log(p)


def forward(a):
    dtype, a.initial, a.transition = a.initial.dtype, wide(a.initial), wide(a.transition)
    a.states = a.states.long()
    one = a.part.logarithm(a, a.part.read(a, a.initial, a.part.first(a)))
    logs = a.part.logarithm(a, a.part.read(a, a.transition, a.part.windows(a)))
    return SimpleNamespace(log_prob=a.part.total(a, one, logs).to(dtype))


def functions(call, call_vjp):
    def markov_log_prob(states, initial, transition):
        return call(states=states, initial=initial, transition=transition)

    return {"markov_log_prob": markov_log_prob}


PARTS = {
    part.__name__: part for part in (check, check_states, first, windows, read, logarithm, total)
}
markov_log_prob = Base("markov_log_prob", "torch", forward, None, PARTS, functions)
