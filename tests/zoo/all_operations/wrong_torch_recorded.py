"""Wrong in torch only where a call is differentiated, or where a part of its gradient is asked for.

The witnesses call with torch itself: two ways to ask for the same have to agree.
"""

import torch

from zoo.entries import wrong
from zoo.layer_norm.base_torch import layer_norm
from zoo.recurrent.base_torch import lstm
from zoo.softmax.base_torch import softmax


def numbers(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


def value_changes(subject):
    """Whether the output is another one where the input requires a gradient."""
    x = numbers(3, 5)
    recorded = subject.softmax(x.clone().requires_grad_())
    return bool((recorded - subject.softmax(x)).abs().max() > 1e-4)


@wrong(softmax, "result", "recorded calls", value_changes)
def softmax_in_bfloat16_while_it_is_recorded(a, o):
    """While a gradient is recorded the weights are rounded to bfloat16; the gradient is right."""
    if a.x.requires_grad:
        o.p = o.p + (o.p.bfloat16().to(o.p.dtype) - o.p).detach()


def weight_gradient_changes(subject):
    """Whether the weight's gradient is another one where x is a constant."""
    x, weight, bias = numbers(3, 5), numbers(5), numbers(5)
    found = []
    for constant in (False, True):
        leaf = weight.clone().requires_grad_()
        y = subject.layer_norm(x.clone().requires_grad_(not constant), leaf, bias.requires_grad_())
        (gradient,) = torch.autograd.grad((y * y).sum(), [leaf], allow_unused=True)
        found.append(torch.zeros_like(leaf) if gradient is None else gradient)
    return bool((found[0] - found[1]).abs().max() > 1e-4)


@wrong(layer_norm, "arguments", "recorded calls", weight_gradient_changes)
def layer_norm_weight_without_gradient_for_constant_inputs(a):
    """The weight has a gradient only if x has one."""
    a.weight = a.weight if a.x.requires_grad else a.weight.detach()


class _LosesStates(torch.autograd.Function):
    """y, h_n and c_n; gradients of h_n are lost where c_n is not used."""

    @staticmethod
    def forward(ctx, y, h, c):
        ctx.set_materialize_grads(False)
        return y.clone(), h.clone(), c.clone()

    @staticmethod
    def backward(ctx, dy, dh, dc):
        return dy, None if dc is None else dh, dc


def state_gradient_is_lost(subject):
    """Whether h_n alone passes another gradient to x than h_n beside 0 c_n."""
    given = [numbers(2, 3, 2), numbers(2, 4), numbers(2, 4), numbers(16, 2), numbers(16, 4)]
    given += [numbers(16), numbers(16)]
    found = []
    for factor in (None, 0.0):
        x = given[0].clone().requires_grad_()
        _, h, c = subject.lstm(x, *given[1:])
        loss = h.sum() if factor is None else h.sum() + factor * c.sum()
        (gradient,) = torch.autograd.grad(loss, [x], allow_unused=True)
        found.append(torch.zeros_like(x) if gradient is None else gradient)
    return bool((found[0] - found[1]).abs().max() > 1e-4)


@wrong(lstm, "result", "recorded calls", state_gradient_is_lost)
def lstm_gradient_of_h_n_lost_without_c_n(a, o):
    """The gradient of h_n is lost where c_n is not used."""
    o.y, o.h_n, o.c_n = _LosesStates.apply(o.y, o.h_n, o.c_n)
