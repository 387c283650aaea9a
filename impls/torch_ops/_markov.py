"""Log-probabilities of sequences under a Markov chain of any order."""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_ops._checks import bind, wide


def markov_log_prob(states: Any, initial: Tensor, transition: Tensor) -> Tensor:
    """log initial[s_1, .., s_k] + sum log transition[s_{t-k}, .., s_t] of states (B, T): (B,).

    initial is (S,) * k, the joint of the first k states, transition (S,) * (k + 1), the next state
    on the last axis. Raises `TypeError` for a wrong dtype, `ValueError` for a wrong shape, T < k or
    a state outside 0..S-1.
    """
    order = initial.dim() if isinstance(initial, Tensor) else 1
    size = bind(initial=(initial, "S " * order), transition=(transition, "S " * (order + 1)))["S"]
    states = torch.as_tensor(states, device=initial.device)
    if states.is_floating_point() or states.is_complex() or states.dtype == torch.bool:
        raise TypeError(f"states must be integers, not {states.dtype}")
    if states.dim() != 2 or states.shape[1] < order:
        raise ValueError(f"states must be (B, T) with T >= {order}; got {tuple(states.shape)}")
    if bool(((states < 0) | (states >= size)).any()):
        raise ValueError(f"states must lie in 0..{size - 1}")
    states, last = states.long(), states.shape[1] - order
    first = wide(initial)[tuple(states[:, i] for i in range(order))]  # (B,)
    windows = tuple(states[:, i : i + last] for i in range(order + 1))
    factors = wide(transition)[
        windows
    ]  # (B, T - k), of a wide table, so that gradients add up wide
    return (torch.log(first) + torch.log(factors).sum(1)).to(initial.dtype)
