"""Linear layers, the feed-forward network and multi-head attention, in torch."""

import torch

from generated.torch_attention import attend
from generated.torch_functions import activate
from generated.torch_manners import guard, narrow, stored, wide
from generated.torch_masks import factor, pairs
from generated.torch_sums import product, swapped

TILE = 16


def linear(x, weight, bias):
    """W x + b at every position."""
    return product(x, swapped(weight)) + bias


def linear__torch(x, weight, bias):
    """By torch's own function."""
    return torch.nn.functional.linear(x, weight, bias)


def linear__addmm(x, weight, bias):
    """All positions in one matrix, fused with the bias."""
    rows = x.reshape(x.shape[0] * x.shape[1], x.shape[2])
    return torch.addmm(bias, rows, weight.mT).reshape(*x.shape[:2], weight.shape[0])


def linear__bias_as_a_column(x, weight, bias):
    """A feature that is 1 carries the bias."""
    ones = torch.ones_like(x.sum(-1, keepdim=True))
    weight = torch.cat([weight, bias[:, None]], 1)
    return product(torch.cat([x, ones], 2), swapped(weight))


def linear__output_tiles(x, weight, bias):
    """A tile of the outputs at a time."""
    tiles = zip(weight.split(TILE), bias.split(TILE), strict=True)
    return torch.cat([product(x, swapped(w)) + b for w, b in tiles], -1)


def feed_forward(x, w_1, b_1, w_2, b_2, activation, dtype):
    """W_2 act(W_1 x + b_1) + b_2."""
    hidden = stored(activate(activation, linear(x, w_1, b_1)), dtype)
    return stored(linear(hidden, w_2, b_2), dtype)


def heads(x, num_heads):
    """(B, L, E) to (B, N, L, D)."""
    return x.unflatten(2, (num_heads, x.shape[2] // num_heads)).transpose(1, 2)


def heads__stacked(x, num_heads):
    """A slice of the features for each head."""
    d = x.shape[2] // num_heads
    return torch.stack([x[:, :, n * d : (n + 1) * d] for n in range(num_heads)], 1)


def joined(z):
    """(B, N, L, D) back to (B, L, E)."""
    batch, number, length, d = z.shape
    return z.transpose(1, 2).reshape(batch, length, number * d)


def joined__concatenated(z):
    """The heads side by side."""
    return torch.cat([z[:, n] for n in range(z.shape[1])], -1)


def projected(query, key, value, weight, bias, num_heads):
    """Queries, keys and values by heads."""
    sources = zip((query, key, value), weight.chunk(3), bias.chunk(3), strict=True)
    return [heads(linear(x, w, b), num_heads) for x, w, b in sources]


def projected__whole(query, key, value, weight, bias, num_heads):
    """Each source times the whole weight, of which a third is kept."""
    thirds = [linear(x, weight, bias).chunk(3, -1)[i] for i, x in enumerate((query, key, value))]
    return [heads(third, num_heads) for third in thirds]


def read_positions(seen, query, key, value):
    """The sources, 0 at the positions that no query reads."""
    asking, asked = seen.any(3).any(1)[..., None], seen.any(2).any(1)[..., None]
    return query.masked_fill(~asking, 0), key.masked_fill(~asked, 0), value


def read_positions__all(seen, query, key, value):
    """The sources as they are."""
    return query, key, value


def many_heads(query, key, value, parameters, num_heads, seen, bias, dtype):
    """Multi-head attention, once masks are made."""
    w_in, b_in, w_out, b_out = parameters
    sources = read_positions(seen, query, key, value)
    q, k, v = projected(*sources, w_in, b_in, num_heads)
    q, k, v = stored(q, dtype), stored(k, dtype), stored(v, dtype)
    z = attend(q, k, v, seen, bias, factor(None, q.shape[3]), None, dtype)
    return linear(joined(stored(z, dtype)), w_out, b_out)


def guard_multi_head(query, key, value, parameters, num_heads):
    """Check the arrays and the number of heads."""
    w_in, b_in, w_out, b_out = parameters
    guard(
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        w_in=(w_in, "3E E"),
        b_in=(b_in, "3E"),
        w_out=(w_out, "E E"),
        b_out=(b_out, "E"),
    )
    guard_heads(num_heads, query.shape[2])


def guard_heads(num_heads, features):
    """Check that the heads divide the features."""
    if isinstance(num_heads, bool) or not isinstance(num_heads, int):
        raise TypeError(f"num_heads is {num_heads!r}")
    if num_heads < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features}")


def guard_heads__assertion(num_heads, features):
    """By an assertion."""
    assert features % num_heads == 0, "heads must divide features"


def multi_head_attention(
    query,
    key,
    value,
    in_proj_weight,
    in_proj_bias,
    out_proj_weight,
    out_proj_bias,
    num_heads,
    mask=None,
    is_causal=False,
):
    """Attend from query to key and value."""
    given = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    guard_multi_head(query, key, value, given, num_heads)
    shape = (query.shape[0], num_heads, query.shape[1], key.shape[1])
    seen, bias = pairs(shape, mask, is_causal, 0, None, query.device)
    parameters = [wide(parameter) for parameter in given]
    sources = wide(query), wide(key), wide(value)
    return narrow(many_heads(*sources, parameters, num_heads, seen, bias, query.dtype), query)
