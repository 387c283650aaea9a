"""Right multi-head attention and encoder layers in torch."""

import math

import torch

from zoo.base_torch import wide
from zoo.entries import right
from zoo.multi_head import base_torch as base
from zoo.multi_head.base_torch import encoder_layer, multi_head_attention

ALL = ("float32", "float64", "bfloat16", "float16")


@right(multi_head_attention, None, "plain", dtypes=ALL)
def torch_heads_plain():
    """The base as it is."""
    return {}


@right(multi_head_attention, "last", "operations", dtypes=ALL)
def torch_heads_stored_before_the_last_projection(a, x):
    """The heads' results are kept in the dtype of the arguments, then projected by torch's own."""
    x, dtype = x.to(a.query.dtype), wide(a.query).dtype
    return torch.nn.functional.linear(
        x.to(dtype), a.out_proj_weight.to(dtype), a.out_proj_bias.to(dtype)
    )


@right(encoder_layer, None, "plain", dtypes=ALL)
def torch_layer_plain():
    """The base as it is."""
    return {}


@right(encoder_layer, "feed", "operations")
def torch_layer_by_functions(a, z):
    """The feed-forward network by torch's own linear and activation functions."""
    f, w = torch.nn.functional, a.part.weight
    h = f.linear(z, w(a, "linear1.weight"), w(a, "linear1.bias"))
    h = f.relu(h) if a.activation == "relu" else h * 0.5 * torch.erfc(-h / math.sqrt(2))
    return f.linear(h, w(a, "linear2.weight"), w(a, "linear2.bias"))


@right(encoder_layer, "itself", "formulation", dtypes=("bfloat16", "float16"))
def torch_layer_stored_between_its_stages(a, z):
    """What the attention gives is kept in 16 bits before it is added."""
    return base.itself(a, z).to(a.x.dtype).to(wide(a.x).dtype)
