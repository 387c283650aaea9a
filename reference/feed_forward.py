"""feed_forward: two linear layers with an activation between them, after attention.

Attention only computes means of values. This network computes new features, at each position
separately and with the same weights. relu is 0 for negative numbers. gelu multiplies x by the
probability that a standard normal variable is below it: a smooth relu.

Sources: Vaswani et al. (2017), "Attention is all you need", section 3.3; Hendrycks and Gimpel
(2016), "Gaussian error linear units (GELUs)", the exact form, of which their tanh is an
approximation.
"""

import math
from collections.abc import Callable

import numpy as np

from seqlaws.reference.algebra import Array, normal_cdf, relu, step
from seqlaws.reference.linear import linear, linear_vjp


def gelu(x: Array) -> Array:
    """x Phi(x) = x/2 (1 + erf(x / sqrt 2))."""
    return x * normal_cdf(x)


def gelu_slope(x: Array) -> Array:
    """Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi)."""
    phi = np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return normal_cdf(x) + x * phi


ACTIVATION: dict[str, Callable[[Array], Array]] = {"relu": relu, "gelu": gelu}
SLOPE: dict[str, Callable[[Array], Array]] = {"relu": step, "gelu": gelu_slope}


def feed_forward(
    x: Array,
    linear1_weight: Array,
    linear1_bias: Array,
    linear2_weight: Array,
    linear2_bias: Array,
    activation: str = "relu",
) -> Array:
    """x (B, T, E), linear1_weight (F, E), linear2_weight (E, F) to (B, T, E).

        a   = W_1 x + b_1
        out = W_2 act(a) + b_2

    activation: act, "relu" or "gelu". Raises ValueError for another.
    """
    known("feed_forward", activation)
    a = linear(x, linear1_weight, linear1_bias)
    return linear(+ACTIVATION[activation](a), linear2_weight, linear2_bias)


def feed_forward_vjp(
    dout: Array,
    x: Array,
    linear1_weight: Array,
    linear1_bias: Array,
    linear2_weight: Array,
    linear2_bias: Array,
    activation: str = "relu",
) -> tuple[Array, ...]:
    """dout (B, T, E) to the gradients of x, linear1's weight and bias, and linear2's.

        dh = W_2^T dout
        da = dh act'(a)
        dx = W_1^T da,  dW_1 = sum da x^T,  db_1 = sum da
        dW_2 = sum dout act(a)^T,           db_2 = sum dout

    relu' is 1 where a > 0, else 0: also at 0.
    """
    known("feed_forward", activation)
    a = linear(x, linear1_weight, linear1_bias)
    dh, dw_2, db_2 = linear_vjp(dout, +ACTIVATION[activation](a), linear2_weight)
    da = +(dh * SLOPE[activation](a))
    return *linear_vjp(da, x, linear1_weight), dw_2, db_2


def known(operation: str, activation: str) -> None:
    """Raise ValueError for an activation that is not."""
    if activation not in ACTIVATION:
        raise ValueError(f"{operation}: activation {activation!r}; known: {', '.join(ACTIVATION)}")
