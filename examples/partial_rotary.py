"""Rotary embedding of the first 2 R features from tables, scaled as in YaRN."""

import numpy as np

from seqlaws import operation


@operation(
    x="B N L 4R",
    cos="L R",
    sin="L R",
    returns={"y": "B N L 4R"},
    batch="B",
    options={"scaling": (0.5, 2.0)},
)
def partial_rotary(x, cos, sin, scaling=1.0, interleaved=False):
    """(a, b) -> scaling (a cos - b sin, b cos + a sin); features from 2 R on stay as they are.

    interleaved: pairs are neighbours; otherwise feature i is paired with i + R.
    """
    n = cos.shape[-1]
    first, other = (
        (slice(0, 2 * n, 2), slice(1, 2 * n, 2)) if interleaved else (slice(0, n), slice(n, 2 * n))
    )
    a, b, cos, sin = x[..., first], x[..., other], scaling * cos, scaling * sin
    turned = np.stack([a * cos - b * sin, b * cos + a * sin], axis=-1 if interleaved else -2)
    turned = np.reshape(turned, (*x.shape[:-1], 2 * n))
    return np.concatenate([turned, x[..., 2 * n :]], axis=-1)
