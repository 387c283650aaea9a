"""Source text of arrays: their numbers, in a dtype, in a memory layout."""

import base64
import zlib
from typing import Any

import numpy as np

from seqlaws.properties.backends.layouts import AMID, FLIPS, axes_of, far_apart, first_of, inside
from seqlaws.properties.backends.protocol import holding
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.subject import Subject

NONZERO_AT_MOST, ENTRIES_AT_MOST = 24, 2000  # of an array that is written entry by entry
SPARSE = """
def sparse(shape, dtype, entries):
    array = np.zeros(shape, dtype)
    for at, value in entries.items():
        array[at] = value
    return array
"""
RESERVED = """
def reserved(count):
    no_reserve = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
    return mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve)
"""
READ_ONLY = """
def read_only(array):
    array.flags.writeable = False
    return array
"""


def made(subject: Subject, array: Array, layout: str = "", dtype: str = "") -> str:
    """Source text that evaluates to an array of the subject's library.

    dtype: another one than the subject's, as a call that must be refused has it.
    """
    if dtype:
        with np.errstate(all="ignore"):
            array = np.nan_to_num(array, neginf=0).astype(dtype)
    return of_library(subject, array, layout, dtype or subject.dtype)


def of_library(subject: Subject, array: Array, layout: str, dtype: str) -> str:
    """Source text of an array of the subject's library, in a dtype and a layout."""
    text = literal(array, dtype)
    if BACKENDS[subject.traits.backend].source_of_array:
        text = f"array({text}, {dtype!r}, {subject.device!r})"
    return laid_out(text, layout, array.shape, subject.traits.backend)


def laid_out(text: str, layout: str, shape: tuple[int, ...], library: str) -> str:
    """Source text of the same array in another memory layout, as `backends.layouts` has it."""
    backend, made = BACKENDS[library], text
    axis = FLIPS.get(layout)
    if (axes := axes_of(layout, len(shape))) is not None:
        made = backend.source_of_permuted.format(text, axes)
    elif layout.startswith("reversed") and shape and (axis is None or axis < len(shape)):
        made = f"np.flip(np.ascontiguousarray(np.flip({text}, {axis})), {axis})"
    elif (first := first_of(layout, shape)) is not None:
        index = f"np.s_[{', '.join(':' if s == slice(None) else ':1' for s in first)}]"
        made = backend.source_of_broadcast.format(text, index, shape)
    elif (cut := inside(layout, shape)) is not None:
        steps = ", ".join(sliced(one) for one in cut[1])
        made = f"cut_out({text}, {cut[0]}, np.s_[{steps}])"
    elif (spread := far_apart(layout, shape)) is not None:
        count, strides, near = spread
        made = f"far_apart({text}, {count}, {strides}, np.s_[{sliced(near)}])"
    elif layout in AMID:
        made = f"amid({text}, {AMID[layout]}, {layout == 'amid NaN'})"
    elif layout == "read-only":
        made = f"read_only({text})"
    return made


def sliced(one: slice) -> str:
    """Source text of a slice within brackets."""
    parts = ["" if n is None else str(n) for n in (one.start, one.stop)]
    return ":".join([*parts, str(one.step)] if one.step not in (None, 1) else parts)


def literal(array: Array, dtype: str) -> str:
    """Source text that evaluates to the array in NumPy, with `np` in scope."""
    if array.dtype.kind == "f":
        array, dtype = array.astype(holding(dtype)), f"np.{holding(dtype)}"
    else:
        dtype = "bool" if array.dtype == bool else f"np.{array.dtype}"
    nonzero = np.argwhere(array != 0)
    if array.size <= NONZERO_AT_MOST or not array.ndim:
        return f"np.array({numbers(array.tolist())}, {dtype}).reshape({array.shape})"
    if len(nonzero) <= NONZERO_AT_MOST:
        places = [tuple(int(i) for i in at) for at in nonzero]
        entries = ", ".join(f"{at}: {numbers(array[at].item())}" for at in places)
        return f"sparse({array.shape}, {dtype}, {{{entries}}})"
    if array.size <= ENTRIES_AT_MOST:
        return f"np.array({numbers(array.tolist())}, {dtype})"
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode()
    raw = f"zlib.decompress(base64.b64decode({packed!r}))"
    return f"np.frombuffer({raw}, {array.dtype.str!r}).reshape({array.shape}).astype({dtype})"


def numbers(value: Any) -> str:
    """repr, with NaN and infinities as NumPy's."""
    if isinstance(value, str):
        return repr(value)
    return repr(value).replace("nan", "np.nan").replace("inf", "np.inf")
