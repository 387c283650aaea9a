"""Logarithm of the softmax, over the last axis."""

from seqlaws import operation
from seqlaws.reference.algebra import log_sum_exp


@operation(x="... V", returns={"y": "... V"})
def log_softmax(x):
    """y_j = x_j - log sum_k exp(x_k)"""
    return x - log_sum_exp(x)
