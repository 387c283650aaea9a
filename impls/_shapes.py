"""What an adapter checks before it calls a library that would broadcast, cast or guess.

It asks of an array no more than its `shape` and `dtype`, so that it serves every library.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np


def bind(kind: type, dtypes: Sequence[str], **arrays: tuple[Any, str]) -> dict[str, int]:
    """Match arrays with shapes such as "B T I" or "4H I", and return the size of each letter.

    Raises `TypeError` for anything but arrays of this kind and of one of these dtypes, all of the
    same, and `ValueError` where a shape disagrees with its own letters or with an array before it.
    """
    sizes: dict[str, int] = {}
    dtype = ""
    for name, (array, shape) in arrays.items():
        must_be(kind, name, array)
        own = _name(array.dtype)
        if own not in dtypes:
            raise TypeError(f"{name} must be one of {tuple(dtypes)}, not {own}")
        dtype = dtype or own
        if own != dtype:
            raise TypeError(f"{name} is {own}, the arrays before it are {dtype}")
        axes = shape.split()
        expected = []
        for axis, size in zip(axes, array.shape, strict=False):
            letter = axis.lstrip("0123456789")
            factor = int(axis.removesuffix(letter) or 1)
            expected.append(factor * sizes.setdefault(letter, size))
        if len(array.shape) != len(axes) or list(array.shape) != expected:
            known = ", ".join(f"{letter}={size}" for letter, size in sizes.items())
            got = tuple(array.shape)
            raise ValueError(f"{name} must have shape ({shape}) with {known}; got {got}")
    return sizes


def of_any_rank(x: Any, last: str = "") -> str:
    """A shape for `bind` that an array of any rank has: a letter for each axis, maybe a known last.

    What is no array, and has no rank, is for `bind` to refuse.
    """
    free = len(getattr(x, "shape", ())) - bool(last)
    return " ".join([*("d" * (i + 1) for i in range(free)), *([last] if last else ())])


def bind_layer(kind: type, dtypes: Sequence[str], rows: str, **arrays: Any) -> dict[str, int]:
    """The same for a recurrent layer whose weights have `rows` rows, such as "4H"."""
    shapes = {
        "x": "B T I",
        "weight_ih": f"{rows} I",
        "weight_hh": f"{rows} H",
        "bias_ih": rows,
        "bias_hh": rows,
    }
    given = {name: (array, shapes.get(name, "B H")) for name, array in arrays.items()}
    return bind(kind, dtypes, **given)


def bind_attention(
    kind: type, dtypes: Sequence[str], q: Any, k: Any, v: Any, mask: Any = None
) -> dict[str, int]:
    """The same for q, k, v, and a mask that is broadcastable to (B, N, L, S)."""
    sizes = bind(kind, dtypes, q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if sizes["M"] == 0 or sizes["N"] % sizes["M"]:
        raise ValueError(f"{sizes['M']} key heads do not divide {sizes['N']} query heads")
    if mask is not None:
        check_mask(kind, mask, q.dtype, tuple(sizes[letter] for letter in "BNLS"))
    return sizes


def bind_multi_head(
    kind: type,
    dtypes: Sequence[str],
    query: Any,
    key: Any,
    value: Any,
    parameters: tuple[Any, ...],
    num_heads: int,
    mask: Any = None,
) -> dict[str, int]:
    """The same for multi-head attention with its four parameters, and a mask for (B, N, L, S)."""
    w, b, w_out, b_out = parameters
    given = {"query": (query, "B L E"), "key": (key, "B S E"), "value": (value, "B S E")}
    given |= {"in_proj_weight": (w, "3E E"), "in_proj_bias": (b, "3E")}
    given |= {"out_proj_weight": (w_out, "E E"), "out_proj_bias": (b_out, "E")}
    sizes = bind(kind, dtypes, **given)
    check_heads(num_heads, sizes["E"])
    if mask is not None:
        check_mask(kind, mask, query.dtype, (sizes["B"], num_heads, sizes["L"], sizes["S"]))
    return sizes


def check_heads(num_heads: int, features: int) -> None:
    """Raise `ValueError` unless the features can be divided among so many heads."""
    if num_heads < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features} features")


def check_mask(kind: type, mask: Any, dtype: Any, scores: tuple[int, ...]) -> None:
    """Raise unless a mask is of booleans or this dtype, and broadcastable to the scores' shape.

    Raises `TypeError` and `ValueError`.
    """
    must_be(kind, "mask", mask)
    own = _name(mask.dtype)
    if own not in ("bool", _name(dtype)):
        raise TypeError(f"mask must be of booleans or of {dtype}, not of {own}")
    try:
        fits = np.broadcast_shapes(tuple(mask.shape), scores) == scores
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"mask {tuple(mask.shape)} is not broadcastable to {scores}")


def _name(dtype: Any) -> str:
    """A dtype's name without its library's, as of "torch.float32"."""
    return str(dtype).rpartition(".")[2]


def must_be(kind: type, name: str, array: Any) -> None:
    """Raise `TypeError` unless the array is of this kind."""
    if not isinstance(array, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, not {type(array).__name__}")


def axis_of(x: Any, axis: Any) -> int:
    """An axis of x, counted from the front. Raises `TypeError`, `IndexError`."""
    rank, index = len(x.shape), operator.index(axis)
    if not -rank <= index < rank:
        raise IndexError(f"x has no axis {axis}, its shape is {tuple(x.shape)}")
    return index % rank


def lengths_of(lengths: Any, batch: int, steps: int) -> np.ndarray[Any, Any]:
    """The lengths as NumPy integers (B,); T for every row without any.

    Raises `TypeError` for lengths that are not integers, `ValueError` for a shape other than (B,)
    or a length outside 0..T.
    """
    if lengths is None:
        return np.full(batch, steps)
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths must be integers, not {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},); got {lengths.shape}")
    if ((lengths < 0) | (lengths > steps)).any():
        raise ValueError(f"lengths must lie in 0..{steps}; got {lengths.tolist()}")
    return lengths
