"""Greedy decoding, in NumPy."""

import numpy as np

from generated.numpy_layers import around, decoded, decoder_masks, decoder_names
from generated.numpy_linear import feed_forward, linear
from generated.numpy_manners import wide
from generated.numpy_masks import pairs
from generated.numpy_multi_head import many_heads
from generated.numpy_positions import table


def likeliest(scores):
    """The lowest of the largest, of (B, V)."""
    return np.argmax(scores, axis=-1)


def likeliest__running(scores):
    """One token after the other."""
    best, token = scores[:, 0], np.zeros(scores.shape[0], np.int64)
    for v in range(1, scores.shape[1]):
        better = scores[:, v] > best
        best = np.where(better, scores[:, v], best)
        token = np.where(better, v, token)
    return token


def depth_of(params):
    """How many layers there are."""
    return len({name.split(".")[1] for name in params if name.startswith("layers.")})


def depth_of__counted(params):
    """Counted by the first norm of each."""
    depth = 0
    while f"layers.{depth}.norm1.weight" in params:
        depth += 1
    return depth


def last_scores(x, memory, layers, num_heads):
    """What the last position becomes: (B, E); everything is computed."""
    masks = decoder_masks(x, memory, num_heads, None)
    for p in layers:
        x = decoded(x, memory, p, num_heads, "relu", False, masks)
    return x[:, -1]


def last_scores__last_layer_alone(x, memory, layers, num_heads):
    """The last layer computes the last position alone."""
    own, cross = decoder_masks(x, memory, num_heads, None)
    for p in layers[:-1]:
        x = decoded(x, memory, p, num_heads, "relu", False, (own, cross))
    p, query = layers[-1], x[:, -1:]

    def attended(z):
        return many_heads(z, x, x, p[:4], num_heads, own[0][:, :, -1:], None)

    def crossed(z):
        return many_heads(z, memory, memory, p[4:8], num_heads, cross[0][:, :, -1:], None)

    def fed(z):
        return feed_forward(z, *p[8:12], "relu")

    a = around(query, attended, p[12], p[13], False)
    b = around(a, crossed, p[14], p[15], False)
    return around(b, fed, p[16], p[17], False)[:, 0]


def guard_start(memory, start, steps, embedding):
    """Check the start and the number of steps."""
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)):
        raise TypeError(f"steps is {steps!r}")
    start = np.asarray(start)
    if start.dtype.kind not in "iu":
        raise TypeError(f"start is {start.dtype}")
    if steps < 0 or start.shape != memory.shape[:1]:
        raise ValueError(f"{steps} steps from {start.shape}")
    if np.any(start < 0) or np.any(start >= len(embedding)):
        raise ValueError(f"start {start} is no token")


def guard_start__negative(memory, start, steps, embedding):
    """Check the tokens alone."""
    if np.any(start < 0):
        raise IndexError("a token is negative")


def generate(memory, start, steps, params, num_heads):
    """Write tokens, each time from all that were written."""
    guard_start(memory, start, steps, params["embedding.weight"])
    source, embedding = wide(memory), wide(params["embedding.weight"])
    names = decoder_names()
    layers = [
        [wide(params[f"layers.{i}.{name}"]) for name in names] for i in range(depth_of(params))
    ]
    weight, bias = wide(params["projection.weight"]), wide(params["projection.bias"])
    positions = table(steps, embedding.shape[1]).astype(embedding.dtype)
    tokens = np.array(start, np.int64)[:, None]
    for t in range(steps):
        x = embedding[tokens] + positions[: t + 1]
        y = last_scores(x, source, layers, num_heads)
        scores = linear(y[:, None], weight, bias)[:, 0]
        tokens = np.concatenate([tokens, likeliest(scores)[:, None]], axis=1)
    return tokens[:, 1:].copy()


def generate__cached(memory, start, steps, params, num_heads):
    """Keep the inputs of each layer, and compute the last position alone."""
    guard_start(memory, start, steps, params["embedding.weight"])
    source, embedding = wide(memory), wide(params["embedding.weight"])
    names, written, token = decoder_names(), {}, np.asarray(start)
    weight, bias = wide(params["projection.weight"]), wide(params["projection.bias"])
    positions = table(steps, embedding.shape[1]).astype(embedding.dtype)
    tokens = np.zeros((memory.shape[0], steps), np.int64)
    for t in range(steps):
        x = (embedding[token] + positions[t])[:, None]
        for i in range(depth_of(params)):
            p = [wide(params[f"layers.{i}.{name}"]) for name in names]
            x = continued(x, source, p, num_heads, written.setdefault(i, []))
        token = likeliest(linear(x, weight, bias)[:, 0])
        tokens[:, t] = token
    return tokens


def continued(x, memory, p, num_heads, written):
    """A decoder layer at the next position; `written` are the inputs of those before."""
    written.append(x)
    shape = (x.shape[0], num_heads, 1)
    before = np.concatenate(written, axis=1)
    own = pairs((*shape, before.shape[1]), None, False, 0, None)
    cross = pairs((*shape, memory.shape[1]), None, False, 0, None)

    def attended(z):
        return many_heads(z, before, before, p[:4], num_heads, *own)

    def crossed(z):
        return many_heads(z, memory, memory, p[4:8], num_heads, *cross)

    def fed(z):
        return feed_forward(z, *p[8:12], "relu")

    a = around(x, attended, p[12], p[13], False)
    b = around(a, crossed, p[14], p[15], False)
    return around(b, fed, p[16], p[17], False)


def generate__row_by_row(memory, start, steps, params, num_heads):
    """Write the tokens of each row by itself."""
    guard_start(memory, start, steps, params["embedding.weight"])
    embedding, names = wide(params["embedding.weight"]), decoder_names()
    layers = [
        [wide(params[f"layers.{i}.{name}"]) for name in names] for i in range(depth_of(params))
    ]
    weight, bias = wide(params["projection.weight"]), wide(params["projection.bias"])
    positions = table(steps, embedding.shape[1]).astype(embedding.dtype)
    out = np.zeros((memory.shape[0], steps), np.int64)
    for b in range(memory.shape[0]):
        read = [int(start[b])]
        for t in range(steps):
            x = (embedding[read] + positions[: t + 1])[None]
            y = last_scores(x, wide(memory)[b : b + 1], layers, num_heads)
            read.append(int(likeliest(linear(y[:, None], weight, bias)[:, 0])[0]))
        out[b] = read[1:]
    return out
