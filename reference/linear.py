"""linear: the same weighted sums of the features at every position.

Used around attention in a transformer: for the projections into heads and back, and for the two
layers of the feed-forward network. Unlike a recurrent step it uses one position only.
"""

import numpy as np

from seqlaws.reference.algebra import Array, either, transpose
from seqlaws.reference.steps import bias_gradient, weight_gradient


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """y = W x + b at every position: x (B, T, F), weight (G, F), bias (G,) to (B, T, G).

    The product may be stored before the bias is added.
    """
    product = x @ transpose(weight)
    return +either(product + bias, +product + bias)


def linear_vjp(dy: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """dy (B, T, G) to the gradients of x, weight and bias.

    dx = W^T dy
    dW = sum dy x^T                 over all rows and positions
    db = sum dy
    """
    return +(dy @ weight), weight_gradient(dy, x), bias_gradient(dy)


def unread(x: Array, read: Array) -> Array:
    """x (B, T, F), 0 at the positions that nothing reads, whatever stands there: read (B, T)."""
    return np.where(read[..., None], x, 0)
