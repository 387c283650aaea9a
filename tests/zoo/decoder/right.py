"""Right decoder layers in NumPy, in other forms than the base has."""

import numpy as np

from zoo.decoder import base
from zoo.decoder.base import decoder_layer
from zoo.entries import right


@right(decoder_layer, None, "plain")
def decoder_plain():
    """The base as it is."""
    return {}


@right(decoder_layer, "softmax", "formulation")
def decoder_softmax_in_base_two(a, s):
    """exp is a power of two, of the scores times log2(e); the normaliser a product."""
    scaled = s * s.dtype.type(np.log2(np.e))
    m = np.max(scaled, axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp2(scaled - np.where(m == -np.inf, 0, m))
    total = e.sum(-1, keepdims=True)
    return e * (1 / np.where(total == 0, 1, total))


@right(decoder_layer, "normal", "formulation")
def decoder_norm_by_products(a, z, name):
    """The norm's mean is a product with 1/n, and the weight is multiplied into the root first."""
    n = max(z.shape[-1], 1)
    w, b = a.part.weight(a, f"{name}.weight"), a.part.weight(a, f"{name}.bias")
    part = z.dtype.type(1 / n)
    c = z - np.sum(z, axis=-1, keepdims=True) * part
    variance = np.sum(c * c, axis=-1, keepdims=True) * part
    _, back = base.normal(a, z, name)
    return c * (w / np.sqrt(variance + z.dtype.type(1e-5))) + b, back


@right(decoder_layer, "itself", "blocking")
def decoder_one_position_at_a_time(a, z):
    """Self-attention of each position by itself, over those up to it alone: as with a cache."""
    _, back = base.itself(a, z)
    rows = []
    for i in range(z.shape[1]):
        here, before = z[:, i : i + 1], z[:, : i + 1]
        allowed = np.ones((z.shape[0], a.num_heads, 1, i + 1), bool)
        rows.append(base.heads(a, "self_attn", here, before, allowed, z.dtype.type(0))[0])
    return np.concatenate(rows, axis=1) if rows else z * 1, back


@right(decoder_layer, "activation", "formulation")
def decoder_relu_by_selection(a, z):
    """relu as a choice, in place of a maximum."""
    return np.where(z > 0, z, z * 0) if a.activation == "relu" else base.activation(a, z)


def _double():
    """Parts that compute in float64 and give float32."""

    def arguments(a):
        a.narrow = a.x.dtype
        a.params = {name: p.astype(np.float64) for name, p in a.params.items()}
        a.x, a.memory = a.x.astype(np.float64), a.memory.astype(np.float64)
        if a.memory_mask is not None and a.memory_mask.dtype != bool:
            a.memory_mask = a.memory_mask.astype(np.float64)

    def result(a, o):
        o.out = o.out.astype(a.narrow)

    def vjp_result(a, g):
        g.x, g.memory = g.x.astype(a.narrow), g.memory.astype(a.narrow)
        g.params = {name: p.astype(a.narrow) for name, p in g.params.items()}

    return {"arguments": arguments, "result": result, "vjp_result": vjp_result}


@right(decoder_layer, None, "precision")
def decoder_in_float64():
    """Everything is computed in float64 and rounded once."""
    return _double()
