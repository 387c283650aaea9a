"""Multi-head attention. Vaswani et al. (2017), section 3.2.2.

Q, K, V = W_q query + b_q, W_k key + b_k, W_v value + b_v
head_n = attention(Q_n, K_n, V_n), where head n has the features n E/N to (n + 1) E/N
out = W_o [head_1, ..., head_N] + b_o

A gradient of zero times a NaN is a NaN: positions that no query may see are read as zeros.
"""

from torch import Tensor

from seqlaws.impls.torch_ops._attention import attention, visible_pairs
from seqlaws.impls.torch_ops._checks import bind, integer, wide


def multi_head_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    in_proj_weight: Tensor,
    in_proj_bias: Tensor,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor,
    num_heads: int,
    mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """Attend from query (B, L, E) to key and value (B, S, E); return (B, L, E).

    in_proj_weight is (3E, E) with the row blocks query, key, value. `mask` is broadcastable to
    (B, N, L, S): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape or heads that do not divide E, `TypeError` for a wrong
    dtype.
    """
    size = bind(
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        in_proj_weight=(in_proj_weight, "3E E"),
        in_proj_bias=(in_proj_bias, "3E"),
        out_proj_weight=(out_proj_weight, "E E"),
        out_proj_bias=(out_proj_bias, "E"),
    )
    check_heads(num_heads, size["E"])
    rows, columns = (x[:, None].expand(-1, num_heads, -1, -1) for x in (query, key))
    visible = visible_pairs(rows, columns, mask, is_causal)  # (B, N, L, S)
    asking, asked = visible.any(3).any(1), visible.any(2).any(1)
    sources = (
        wide(x).masked_fill(~read[..., None], 0)
        for x, read in ((query, asking), (key, asked), (value, asked))
    )
    parts = zip(sources, wide(in_proj_weight).chunk(3), wide(in_proj_bias).chunk(3), strict=True)
    q, k, v = (split(x @ w.mT + b, num_heads) for x, w, b in parts)
    if mask is not None and mask.is_floating_point():
        mask = wide(mask)
    heads = attention(q, k, v, mask, is_causal).transpose(1, 2).reshape(query.shape)
    return (heads @ wide(out_proj_weight).mT + wide(out_proj_bias)).to(query.dtype)


def check_heads(num_heads: int, features: int) -> None:
    """Raise `TypeError` or `ValueError` unless num_heads is an integer that divides features."""
    if integer("num_heads", num_heads) < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features} features")


def split(x: Tensor, num_heads: int) -> Tensor:
    """Cut (B, L, E) into the heads' blocks of features, (B, N, L, D)."""
    batch, length, features = x.shape
    return x.reshape(batch, length, num_heads, features // num_heads).transpose(1, 2)
