"""Memory layouts of an array: orders of its axes, strides, broadcasting, offsets."""

import math
import mmap
import sys
from typing import Any

import numpy as np

from seqlaws.properties.backends.protocol import Array

# name: what it is; those that are broadcast need entries that are equal there
LAYOUTS = {
    "contiguous": "row-major",
    "transposed": "the last two axes swapped in memory",
    "time first": "the first two axes swapped in memory",
    "heads inside": "the second and third axis swapped in memory",
    "column-major": "all axes in reverse order in memory, as in Fortran",
    "strided": "every second entry of a wider buffer, along the last axis",
    "strided rows": "every second entry of a longer buffer, along the first axis",
    "strided middle": "every second entry of a larger buffer, along the last but one axis",
    "offset": "inside a larger buffer, off its start",
    "broadcast": "stride 0 along the first axis",
    "broadcast second": "stride 0 along the second axis",
    "broadcast last": "stride 0 along the last axis",
    "broadcast throughout": "stride 0 along every axis",
    "reversed": "negative strides along every axis",
    "reversed last": "a negative stride along the last axis",
    "reversed first": "a negative stride along the first axis",
    "reversed middle": "a negative stride along the second axis",
    "read-only": "not writable",
    "far apart": "more than 2^32 entries apart along the first axis",
    "amid NaN": "contiguous, in the middle of a longer buffer that holds NaN",
    "amid large numbers": "contiguous, in the middle of a longer buffer that holds large numbers",
}
NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
FAR = "far apart"  # of memory that is reserved and hardly used
AMID = {"amid NaN": 77, "amid large numbers": 0}  # what lies around whole numbers and booleans
PAD = 256  # entries before the array, and after it: any alignment of its start is kept
SWAPS = {"transposed": (-1, -2), "time first": (0, 1), "heads inside": (1, 2)}
STRIDED = {"strided": -1, "strided rows": 0, "strided middle": -2}
BROADCAST = {"broadcast": 0, "broadcast second": 1, "broadcast last": -1}
FLIPS = {"reversed last": -1, "reversed first": 0, "reversed middle": 1}


def lay_out(values: Array, layout: str) -> Array:
    """Return the same entries in another layout, with NaN between them, or 77 in integers.

    An array whose rank does not have the layout is contiguous.
    """
    if (axes := axes_of(layout, values.ndim)) is not None:
        return np.ascontiguousarray(values.transpose(axes)).transpose(axes)
    if layout.startswith("reversed") and values.ndim:
        axis = FLIPS.get(layout)
        if axis is None or axis < values.ndim:
            return np.flip(np.ascontiguousarray(np.flip(values, axis)), axis)
    if (first := first_of(layout, values.shape)) is not None:
        return np.broadcast_to(values[first].copy(), values.shape)
    if (room := room_for(values, layout)) is not None:
        room[...] = values
        return room
    copy = np.array(values, order="C")
    if layout == "read-only":
        copy.flags.writeable = False
    return copy


def room_for(values: Array, layout: str) -> Array | None:
    """Return a part of a larger buffer that the values can be written to, if the layout has one."""
    if (cut := inside(layout, values.shape)) is not None:
        shape, index = cut
        return between(shape, values.dtype)[index]
    if (spread := far_apart(layout, values.shape)) is not None:
        count, strides, poisoned = spread
        buffer = np.frombuffer(reserved(count * values.itemsize), values.dtype)
        buffer[poisoned] = between((), values.dtype)
        in_bytes = tuple(n * values.itemsize for n in strides)
        return np.lib.stride_tricks.as_strided(buffer, values.shape, in_bytes)
    if layout in AMID:
        buffer = np.full(values.size + 2 * PAD, around(layout, values.dtype), values.dtype)
        return buffer[PAD:-PAD].reshape(values.shape)
    return None


def axes_of(layout: str, rank: int) -> tuple[int, ...] | None:
    """The order of the axes in a layout's memory, its own inverse, if the rank has them."""
    axes = list(range(rank))
    if layout == "column-major" and rank > 2:  # of two it is "transposed"
        return tuple(axes[::-1])
    swapped = SWAPS.get(layout)
    if swapped is None or max(swapped[0], swapped[1], -1 - min(swapped)) >= rank:
        return None
    i, j = swapped
    axes[i], axes[j] = axes[j], axes[i]
    return tuple(axes)


def first_of(layout: str, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """The index of the entries that a broadcast layout stores, if the shape has them."""
    if not shape or 0 in shape:
        return None
    if layout == "broadcast throughout":
        return (slice(1),) * len(shape)
    axis = BROADCAST.get(layout)
    if axis is None or axis >= len(shape):
        return None
    return tuple(slice(1 if i == axis % len(shape) else None) for i in range(len(shape)))


def inside(layout: str, shape: tuple[int, ...]) -> tuple[tuple[int, ...], Any] | None:
    """The larger buffer of a layout, and the index that cuts the array out of it."""
    if layout == "offset" and shape:
        return tuple(n + 2 for n in shape), (slice(1, -1),) * len(shape)
    axis = STRIDED.get(layout)
    if axis is None or not -len(shape) <= axis < len(shape):
        return None
    at = axis % len(shape)
    wide = tuple(2 * n if i == at else n for i, n in enumerate(shape))
    return wide, tuple(slice(None, None, 2 if i == at else 1) for i in range(len(shape)))


def far_apart(layout: str, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...], slice] | None:
    """Return how many entries a buffer of items far apart has, their strides, and what is poison.

    Poison is where an offset of 32 bits leads to: within the buffer, so that no read of it crashes.
    """
    if layout != FAR or not shape or 0 in shape or shape[0] < 2:
        return None
    item = math.prod(shape[1:])
    inner = tuple(math.prod(shape[k + 1 :]) for k in range(1, len(shape)))
    far = 2**32 + 2 * item
    return (shape[0] - 1) * far + item, (far, *inner), slice(item, (2 * shape[0] - 1) * item)


def reserved(count: int) -> mmap.mmap:
    """Return zeros of which only those pages take memory that are written to; or MemoryError."""
    try:
        return mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE)
    except OSError as error:
        raise MemoryError(f"{count} bytes of address space cannot be reserved: {error}") from None


def between(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return a buffer of entries that must never be read."""
    return np.full(shape, np.nan if np.issubdtype(dtype, np.floating) else 77).astype(dtype)


def around(layout: str, dtype: Any) -> Any:
    """Return what lies around an array of a dtype of NumPy, in a layout of AMID.

    Large numbers are half of the largest: a maximum, in which NaN may be lost, shows them.
    """
    if not np.issubdtype(dtype, np.floating):
        return AMID[layout]
    return np.nan if layout == "amid NaN" else np.finfo(dtype).max / 2


def is_one_number(entries: Array) -> bool:
    """Return True if all entries have the bits of the first."""
    bits = np.ascontiguousarray(entries).view(np.uint8).reshape(len(entries), -1)
    return bool((bits == bits[:1]).all())
