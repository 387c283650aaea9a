"""Functions that Triton's language has only for a GPU, or not with the accuracy of its others."""

import triton
import triton.language as tl


@triton.jit
def sigmoid(a):
    """1 / (1 + e^-a)."""
    return 1.0 / (1.0 + tl.exp(-a))


@triton.jit
def tanh(a):
    """The hyperbolic tangent; near 0 by Lambert's continued fraction, where 1 - 2 / ... cancels."""
    square = a * a
    above = 945.0 + square * (105.0 + square)
    below = 945.0 + square * (420.0 + square * 15.0)
    far = 1.0 - 2.0 / (tl.exp(2.0 * tl.abs(a)) + 1.0)
    far = tl.where(a < 0, -far, far)
    return tl.where(tl.abs(a) < 0.5, a * (above / below), far)
