"""torch's `nn.MultiheadAttention` where the weights are asked for, too: another program.

Plugged in as `--impl torch_native:weights`. A query that may attend to nothing gets NaN here, and
zeros where they are not asked for.
"""

from torch import Tensor

from seqlaws.impls.torch_native._checks import ALL
from seqlaws.impls.torch_native._multi_head import attend

TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": ALL,
    "fully_masked": "nan",
    "masked_nan": "may leak",
    # scores and a floating mask are added up in the dtype
    "accumulate": "dtype",
}


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
    """`torch.nn.MultiheadAttention` with `need_weights=True`, whose weights are dropped."""
    parameters = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    return attend(query, key, value, parameters, num_heads, mask, is_causal, need_weights=True)
