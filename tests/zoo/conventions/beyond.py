"""Softmax in C, called through ctypes: one that stays within its arrays, and ones that do not."""

import ctypes
import subprocess
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

SOURCE = r"""
#include <math.h>

/* before, beyond: how many numbers around a row the maximum takes in; past: how many beyond the
   end of p are set to zero. The maximum cancels out: numbers of ordinary size change no weight. */
void softmax(const float *x, float *p, long rows, long n, long before, long beyond, long past) {
    for (long i = 0; i < rows; i++, x += n, p += n) {
        float largest = -INFINITY, total = 0;
        for (long j = -before; j < n + beyond; j++)
            if (isnan(x[j]) ? j >= 0 && j < n : x[j] > largest) largest = x[j];
        for (long j = 0; j < n; j++) {
            p[j] = largest == -INFINITY ? 0 : expf(x[j] - largest);
            total += p[j];
        }
        for (long j = 0; j < n; j++) p[j] /= total == 0 ? 1 : total;
    }
    for (long j = 0; j < past; j++) p[j] = 0;
}
"""
OFFENCES = {"none": (0, 0, 0), "reads before": (1, 0, 0), "reads beyond": (0, 1, 0),
            "reads four at a time": (0, 3, 0), "writes beyond": (0, 0, 1)}  # fmt: skip


def compiled(folder):
    """The C function."""
    (folder / "softmax.c").write_text(SOURCE, encoding="utf-8")
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", "softmax.so", "softmax.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    function = ctypes.CDLL(str(folder / "softmax.so")).softmax
    function.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_long] * 5
    return function


class InC:
    """Softmax over the last axis, written to `out`; others are not supported."""

    TRAITS: ClassVar = {"writes": "out"}

    def __init__(self, function, offence):
        self.function, self.offence = function, OFFENCES[offence]

    def softmax(self, x, axis=-1, out=None):
        if axis % x.ndim != x.ndim - 1 or not x.size:
            raise NotImplementedError("the last axis alone")
        rows, n = x.size // x.shape[-1], x.shape[-1]
        self.function(x.ctypes.data, out.ctypes.data, rows, n, *self.offence)


class InCOfTensors:
    """The same of torch tensors."""

    TRAITS: ClassVar = {"writes": "out", "backend": "torch"}

    def __init__(self, function, offence):
        self.function, self.offence = function, OFFENCES[offence]

    def softmax(self, x, axis=-1, out=None):
        if axis % x.ndim != x.ndim - 1 or not x.numel():
            raise NotImplementedError("the last axis alone")
        rows, n = x.numel() // x.shape[-1], x.shape[-1]
        self.function(x.data_ptr(), out.data_ptr(), rows, n, *self.offence)


class OverlappingWindow:
    """Layer norm whose mean is of a strided view with a column too many, mended by its weight 0."""

    TRAITS: ClassVar = {}

    @staticmethod
    def layer_norm(x, weight, bias, eps=1e-5):
        if not x.flags.c_contiguous or not x.size:
            raise NotImplementedError("contiguous arrays alone")
        n = x.shape[-1]
        wide = as_strided(x, (x.size // n, n + 1), (x.itemsize * n, x.itemsize), writeable=False)
        mean = (wide @ np.append(np.full(n, 1 / n, x.dtype), x.dtype.type(0))).reshape(
            (*x.shape[:-1], 1)
        )
        d = x - mean
        return d / np.sqrt((d * d).mean(-1, keepdims=True) + x.dtype.type(eps)) * weight + bias


class OverlappingCotangent:
    """Softmax whose gradient reads a column of the cotangent too many, with the weight 0."""

    TRAITS: ClassVar = {}

    @staticmethod
    def softmax(x, axis=-1):
        if axis % x.ndim != x.ndim - 1:
            raise NotImplementedError("the last axis alone")
        with np.errstate(invalid="ignore"):
            e = np.exp(x - np.max(x, -1, keepdims=True, initial=-1e30))
        total = e.sum(-1, keepdims=True)
        return e / np.where(total == 0, np.float32(1), total)

    @classmethod
    def softmax_vjp(cls, dp, x, axis=-1):
        p, n = cls.softmax(x, axis), x.shape[-1]
        if not dp.flags.c_contiguous or not dp.size:
            raise NotImplementedError("contiguous arrays alone")
        wide = as_strided(dp, (dp.size // n, n + 1), (4 * n, 4), writeable=False)
        rows = np.concatenate([p.reshape(-1, n), np.zeros((dp.size // n, 1), p.dtype)], axis=1)
        inner = (wide * rows).sum(-1).reshape((*dp.shape[:-1], 1))
        return p * (dp - inner)
