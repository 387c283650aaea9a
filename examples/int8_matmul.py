"""Product of 8-bit integers with a scale for each row and each column."""

from seqlaws import operation


@operation(
    a="M K: below 256",
    b="K N: below 256",
    scale_a="M: positive",
    scale_b="N: positive",
    returns={"y": "M N"},
)
def int8_matmul(a, b, scale_a, scale_b):
    """y_ij = scale_a_i scale_b_j sum_k a_ik b_kj"""
    return scale_a[:, None] * (a @ b) * scale_b
