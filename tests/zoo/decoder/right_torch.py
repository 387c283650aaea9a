"""Right decoder layers and greedy decoding in torch."""

import math

import torch

from zoo.decoder import base_torch as base
from zoo.decoder.base_torch import decoder_layer, generate
from zoo.entries import right

ALL = ("float32", "float64", "bfloat16", "float16")


@right(decoder_layer, None, "plain", dtypes=ALL)
def torch_decoder_plain():
    """The base as it is."""
    return {}


@right(decoder_layer, "feed", "operations")
def torch_decoder_by_functions(a, z):
    """The feed-forward network by torch's own linear and activation functions."""
    f, w = torch.nn.functional, a.part.weight
    h = f.linear(z, w(a, "linear1.weight"), w(a, "linear1.bias"))
    h = f.relu(h) if a.activation == "relu" else h * 0.5 * torch.erfc(-h / math.sqrt(2))
    return f.linear(h, w(a, "linear2.weight"), w(a, "linear2.bias"))


@right(generate, None, "plain", dtypes=ALL)
def torch_text_plain():
    """The base as it is: nothing is kept between the tokens."""
    return {}


@right(generate, "chosen", "formulation")
def torch_text_by_a_stable_sort(a, scores):
    """The first of a stable descending sort is the lowest of the largest."""
    return scores.sort(dim=-1, descending=True, stable=True).indices[:, 0]


@right(generate, "scores", "operations")
def torch_text_by_einsum(a, x):
    """The projection is an einsum of every position, of which the last is taken."""
    weight, bias = (base.wide(a.params[f"projection.{p}"]) for p in ("weight", "bias"))
    return (torch.einsum("bte,ve->btv", x, weight) + bias)[:, -1]
