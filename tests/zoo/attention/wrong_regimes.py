"""Wrong attention where kernels have a program of their own: tiles that divide, one query."""

from functools import partial

import numpy as np

from zoo.attention.base import attention, causal, softmax, windowed
from zoo.cases import case, fill, floating, put
from zoo.entries import wrong
from zoo.witness import differs

given = partial(case, "attention", B=1, N=2, M=1, D=2, V=2)
DECODING = {"L": 1, "S": 514, "query_offset": 513, "is_causal": True}


def blocks(s, size):
    """Scores in blocks of keys."""
    return np.split(s, range(size, s.shape[-1], size), axis=-1)


def streamed(s, size, *, rescaled):
    """Softmax by blocks; rescaled: of the weights so far, of their sum."""
    top, total, weights = np.full((*s.shape[:-1], 1), -np.inf), 0.0, []
    for block in blocks(s, size):
        new = np.maximum(top, block.max(-1, keepdims=True))
        old = np.where(top == -np.inf, 0, np.exp(top - np.where(new == -np.inf, 0, new)))
        e = np.exp(block - np.where(new == -np.inf, 0, new))
        weights = [w * (old if rescaled[0] else 1) for w in weights] + [e]
        total = total * (old if rescaled[1] else 1) + e.sum(-1, keepdims=True)
        top = new
    p = np.concatenate(weights, axis=-1) / np.where(total == 0, 1, total)
    return p.astype(s.dtype)


@wrong(attention, "softmax", "decoding", differs(given(**DECODING, q=fill(0), v=fill(1))))
def second_tile_replaces_the_sum(a, s):
    """For one query the sum of the keys from 512 on replaces that of those before."""
    if s.shape[-2] != 1 or s.shape[-1] <= 512:
        return softmax(a, s)
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / e[..., 512:].sum(-1, keepdims=True)


@wrong(
    attention, "softmax", "decoding",
    differs(given(L=1, S=200, query_offset=199, window=(70, None))),
)  # fmt: skip
def empty_split_counts_as_one_key(a, s):
    """For one query a split of 64 keys of which none is seen adds 1 to the sum."""
    p = softmax(a, s)
    if s.shape[-2] != 1 or s.shape[-1] <= 64:
        return p
    empty = sum((b == -np.inf).all(-1, keepdims=True) for b in blocks(s, 64)[:-1])
    top = s.max(-1, keepdims=True)
    total = np.sum(np.exp(s - np.where(top == -np.inf, 0, top)), axis=-1, keepdims=True)
    return p * (total / np.maximum(total + empty, 1e-30)).astype(s.dtype)


@wrong(
    attention, "causal", "decoding",
    differs(given(L=3, S=130, query_offset=127, is_causal=True, v=put(np.s_[:, :, 128:], 5))),
)  # fmt: skip
def keys_beyond_the_tile_of_the_queries_not_read(a, i, j):
    """The causal loop ends with the 128 keys of the queries' own tile: the past is not counted."""
    return causal(a, i, j) & (j < (i // 128 + 1) * 128)


@wrong(
    attention, "windowed", "decoding",
    differs(given(L=3, S=258, query_offset=255, window=(200, None))),
)  # fmt: skip
def first_tile_of_a_window_skipped(a, i, j):
    """A window's first tile of 64 keys is skipped where it is not whole."""
    ok, left = windowed(a, i, j), a.window[0]
    if left is None or a.k.shape[2] <= 128:
        return ok
    start = np.maximum(i + a.query_offset - left, 0)
    return ok & (j >= -(-start // 64) * 64)


@wrong(
    attention, "arguments", "divisible sizes",
    differs(given(L=16, S=32, is_causal=True, query_offset=24)),
)  # fmt: skip
def zeros_behind_whole_tiles_attended(a):
    """Under a causal mask with a past zeros behind the last key count, where 16 divides S."""
    keys = a.k.shape[2]
    beyond = a.query_offset + a.q.shape[2] - keys
    if a.is_causal and a.mask is None and keys % 16 == 0 and a.query_offset > 0 < beyond:
        if hasattr(a, "dout"):
            return
        wide = [(0, 0), (0, 0), (0, beyond), (0, 0)]
        a.k, a.v = np.pad(a.k, wide), np.pad(a.v, wide)


@wrong(
    attention, "arguments", "divisible sizes",
    differs(given(L=32, S=64, is_causal=True, mask=floating("L S"))),
)  # fmt: skip
def causal_ignored_beside_a_bias_at_whole_tiles(a):
    """is_causal is ignored beside a floating mask where 32 divides queries and keys."""
    even = a.q.shape[2] % 32 == 0 == a.k.shape[2] % 32
    if even and a.mask is not None and a.mask.dtype != bool:
        a.is_causal = False


@wrong(
    attention, "arguments", "divisible sizes",
    differs(given(L=64, S=64, is_causal=True, query_offset=-2)),
)  # fmt: skip
def offset_ignored_at_whole_tiles(a):
    """query_offset is ignored where 64 divides queries and keys."""
    if a.q.shape[2] % 64 == 0 == a.k.shape[2] % 64:
        a.query_offset = 0


@wrong(
    attention, "arguments", "divisible sizes",
    differs(given(L=5, S=128, window=(2, None), softcap=0.5)),
)  # fmt: skip
def cap_ignored_beside_a_window_at_whole_tiles(a):
    """The cap is ignored beside a window where 128 divides the keys."""
    if a.k.shape[2] % 128 == 0 and a.window is not None:
        a.softcap = None


@wrong(
    attention, "softmax", "large sizes",
    differs(given(L=2, S=300, q=fill(1), k=put(np.s_[:, :, 256:], 2), is_causal=False)),
)  # fmt: skip
def weights_not_rescaled_by_the_second_block(a, s):
    """A later block of 256 keys with a larger maximum rescales the sum, not the weights."""
    return softmax(a, s) if s.shape[-1] <= 256 else streamed(s, 256, rescaled=(False, True))


@wrong(
    attention, "softmax", "large sizes",
    differs(given(L=2, S=300, q=fill(1), k=put(np.s_[:, :, 128:], 2))),
)  # fmt: skip
def sum_not_rescaled_by_the_second_block(a, s):
    """A later block of 128 keys with a larger maximum rescales the weights, not the sum."""
    return softmax(a, s) if s.shape[-1] <= 128 else streamed(s, 128, rescaled=(True, False))


@wrong(
    attention, "windowed", "divisible sizes",
    differs(given(L=128, S=256, window=(None, 1), query_offset=100)),
)  # fmt: skip
def window_looks_from_the_tile_at_whole_tiles(a, i, j):
    """Where 128 divides queries and keys, a window is counted from the tile, not the offset."""
    even = a.q.shape[2] % 128 == 0 == a.k.shape[2] % 128
    return windowed(a, i - a.query_offset if even else i, j)
