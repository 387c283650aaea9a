"""Linear layers and the feed-forward network, in NumPy."""

import numpy as np

from generated.numpy_functions import activate, activation_slope
from generated.numpy_products import product, swapped
from generated.numpy_steps import bias_gradient, weight_gradient

TILE = 16


def linear(x, weight, bias):
    """W x + b at every position."""
    return product(x, swapped(weight)) + bias


def linear__bias_first(x, weight, bias):
    """The bias comes first."""
    return bias + product(x, swapped(weight))


def linear__flattened(x, weight, bias):
    """All positions in one matrix."""
    rows = x.reshape(x.shape[0] * x.shape[1], x.shape[2])
    y = product(rows, swapped(weight)) + bias
    return y.reshape(*x.shape[:2], weight.shape[0])


def linear__bias_as_a_column(x, weight, bias):
    """A feature that is 1 carries the bias."""
    ones = np.ones((*x.shape[:2], 1), x.dtype)
    weight = np.concatenate([weight, bias[:, None]], axis=1)
    return product(np.concatenate([x, ones], axis=2), swapped(weight))


def linear__output_tiles(x, weight, bias):
    """A tile of the outputs at a time."""
    out = np.zeros((*x.shape[:2], weight.shape[0]), x.dtype)
    for k in range(0, weight.shape[0], TILE):
        here = slice(k, k + TILE)
        out[..., here] = product(x, swapped(weight[here])) + bias[here]
    return out


def linear_gradient(dy, x, weight):
    """Gradients of x, weight and bias."""
    return product(dy, weight), weight_gradient(dy, x), bias_gradient(dy)


def feed_forward(x, w_1, b_1, w_2, b_2, activation):
    """W_2 act(W_1 x + b_1) + b_2."""
    return linear(activate(activation, linear(x, w_1, b_1)), w_2, b_2)


def feed_forward__position_tiles(x, w_1, b_1, w_2, b_2, activation):
    """A tile of the positions at a time."""
    parts = [np.zeros((x.shape[0], 0, w_2.shape[0]), x.dtype)]
    for t in range(0, x.shape[1], TILE):
        hidden = activate(activation, linear(x[:, t : t + TILE], w_1, b_1))
        parts.append(linear(hidden, w_2, b_2))
    return np.concatenate(parts, axis=1)


def feed_forward_gradient(dy, x, w_1, b_1, w_2, b_2, activation):
    """Gradients of x and of the four parameters."""
    a = linear(x, w_1, b_1)
    dh, dw_2, db_2 = linear_gradient(dy, activate(activation, a), w_2)
    dx, dw_1, db_1 = linear_gradient(dh * activation_slope(activation, a), x, w_1)
    return dx, dw_1, db_1, dw_2, db_2
