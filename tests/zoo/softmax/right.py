"""Right softmax in NumPy: other orders, formulas and traits than the base has."""

import numpy as np

from zoo.entries import right, right_functions
from zoo.softmax import base
from zoo.softmax.base import softmax


@right(softmax, None, "plain")
def softmax_plain():
    """The base as it is."""
    return {}


@right(softmax, "total", "summation order")
def softmax_summed_backwards(a, e):
    """The sum runs from the last entry to the first, one by one."""
    back = np.cumsum(e[..., ::-1], axis=-1)
    return back[..., -1:] if e.shape[-1] else np.sum(e, axis=-1, keepdims=True)


@right(softmax, "total", "summation order")
def softmax_summed_pairwise(a, e):
    """The sum is a balanced tree of neighbours."""
    while e.shape[-1] > 1:
        odd = e[..., -1:] if e.shape[-1] % 2 else e[..., :0]
        even = e.shape[-1] // 2 * 2
        e = np.concatenate([e[..., :even:2] + e[..., 1:even:2], odd], axis=-1)
    return e if e.shape[-1] else np.sum(e, axis=-1, keepdims=True)


@right(softmax, "total", "summation order")
def softmax_summed_by_a_fixed_tree(a, e):
    """The sum is in an order drawn at random once for each length."""
    order = np.random.default_rng(e.shape[-1]).permutation(e.shape[-1])
    lanes = [np.sum(e[..., order[i::3]], axis=-1, keepdims=True) for i in range(3)]
    return lanes[2] + (lanes[0] + lanes[1])


@right(softmax, "total", "summation order")
def softmax_summed_in_blocks(a, e):
    """Blocks of eight are summed, then the blocks."""
    blocks = [e[..., i : i + 8].sum(-1, keepdims=True) for i in range(0, e.shape[-1], 8)]
    return sum(blocks, np.zeros_like(e[..., :1].sum(-1, keepdims=True)))


@right(softmax, "exponential", "formulation")
def softmax_by_exp2(a, x):
    """exp is taken as a power of two, of the shifted logits times log2(e)."""
    return np.exp2(x * x.dtype.type(np.log2(np.e)))


@right(softmax, "divide", "formulation")
def softmax_by_reciprocal(a, e, s):
    """The division is a product with the reciprocal."""
    return e * (1 / s)


@right(softmax, None, "formulation")
def softmax_online():
    """Maximum and sum are kept while running over tiles of 16, the sum rescaled at each maximum."""

    def probabilities(a, x):
        with np.errstate(all="ignore"):
            m = np.full_like(x[..., :1], -np.inf) if x.shape[-1] else x
            total = np.zeros_like(m)
            for start in range(0, x.shape[-1], 16):
                tile = x[..., start : start + 16]
                top = np.maximum(m, tile.max(-1, keepdims=True))
                safe = np.where(top == -np.inf, 0, top)
                total = total * np.exp(m - safe) + np.exp(tile - safe).sum(-1, keepdims=True)
                m = top
            empty = m == -np.inf
            p = np.exp(x - np.where(empty, 0, m)) / np.where(empty, 1, total)
        return np.where(empty, 0, p)

    return {"probabilities": probabilities}


@right(softmax, None, "precision inside", dtypes=("float32",))
def softmax_in_double():
    """float32 logits are computed with in float64, in the vjp too."""

    def probabilities(a, x):
        return base.probabilities(a, x.astype(np.float64))

    def result(a, o):
        o.p = o.p.astype(a.x.dtype)

    def vjp_result(a, g):
        g.x = g.x.astype(a.x.dtype)

    return {"probabilities": probabilities, "result": result, "vjp_result": vjp_result}


@right(softmax, "result", "flush to zero", dtypes=("float32",))
def softmax_flushes_subnormals(a, o):
    """Subnormal probabilities become 0."""
    o.p[o.p < np.finfo(np.float32).tiny] = 0


@right(softmax, None, "trait", fully_masked="nan")
def softmax_empty_row_is_nan():
    """A row that is -inf throughout gives NaN, as declared."""
    return {}


@right(softmax, None, "trait", fully_masked={"softmax": "mean"})
def softmax_empty_row_is_mean():
    """A row that is -inf throughout gives equal weights, as declared."""
    return {}


@right_functions(softmax, "offers less")
def softmax_of_the_last_axis(build):
    """There is no option `axis`."""
    whole = build()

    def softmax_(x):
        return whole["softmax"](x)

    def softmax_vjp(dp, x):
        return whole["softmax_vjp"](dp, x)

    return {"softmax": softmax_, "softmax_vjp": softmax_vjp}


@right_functions(softmax, "offers less")
def softmax_without_vjp(build):
    """There is no vjp."""
    return {"softmax": build()["softmax"]}
