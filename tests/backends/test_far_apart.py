"""Arrays whose batch entries lie 2^32 numbers apart; kernels in C whose offsets have 32 bits."""

import ctypes
import mmap
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.backends.instances import backend
from seqlaws.properties.backends.layouts import FAR
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.laws import LAWS
from seqlaws.properties.reporting.array_source import RESERVED, laid_out
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import Candidate, register_laws

# rows that lie `stride` numbers apart; the columns lie beside each other
SOFTMAX = """
#include <math.h>
void NAME(const float *x, float *p, long long rows, long long n, long long stride) {
    for (long long r = 0; r < rows; r++) {
        OFFSET at = (OFFSET)r * (OFFSET)stride;
        const float *row = x + at;
        float top = -INFINITY, total = 0;
        for (long long j = 0; j < n; j++) if (!(row[j] <= top)) top = row[j];
        for (long long j = 0; j < n; j++) total += p[r * n + j] = expf(row[j] - top);
        for (long long j = 0; j < n; j++) p[r * n + j] /= total;
    }
}
"""
# of q (b, n, l, d) to k (b, m, s, d) and v (b, m, s, e), with the strides of batch entries
ATTENTION = """
void NAME(const float *q, const float *k, const float *v, float *out, float *w, long long b,
          long long n, long long m, long long l, long long s, long long d, long long e,
          long long q_stride, long long k_stride, long long v_stride) {
    for (long long at = 0; at < b * n * l; at++) {
        long long i = at / (n * l), head = at / l % n, row = at % l, group = head / (n / m);
        OFFSET at_q = (OFFSET)i * (OFFSET)q_stride;
        OFFSET at_k = (OFFSET)i * (OFFSET)k_stride, at_v = (OFFSET)i * (OFFSET)v_stride;
        const float *query = q + at_q + (head * l + row) * d;
        const float *keys = k + at_k + group * s * d, *values = v + at_v + group * s * e;
        float top = -INFINITY, total = 0;
        for (long long j = 0; j < s; j++) {
            w[j] = 0;
            for (long long c = 0; c < d; c++) w[j] += query[c] * keys[j * d + c];
            w[j] /= sqrtf(d);
            if (!(w[j] <= top)) top = w[j];
        }
        for (long long j = 0; j < s; j++) total += w[j] = expf(w[j] - top);
        for (long long c = 0; c < e; c++) {
            out[at * e + c] = 0;
            for (long long j = 0; j < s; j++) out[at * e + c] += w[j] / total * values[j * e + c];
        }
    }
}
"""
OFFSETS = {"of_64_bits": "long long", "of_32_bits": "int", "without_a_sign": "unsigned"}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """The C library of both kernels with each kind of offset."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("kernels")
    source = "".join(
        text.replace("NAME", f"{name}_{kind}").replace("OFFSET", offset)
        for name, text in (("softmax", SOFTMAX), ("attention", ATTENTION))
        for kind, offset in OFFSETS.items()
    )
    (folder / "kernels.c").write_text(source)
    made = folder / "kernels.so"
    command = [compiler, "-shared", "-fPIC", "-O1", folder / "kernels.c", "-o", made, "-lm"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(made)


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def whole(*numbers):
    return map(ctypes.c_longlong, numbers)


def with_rows(x):
    """The array, if its rows are whole ones; else a copy. The kernels take any stride of rows."""
    inner = x[0].flags.c_contiguous if len(x) else True
    return x if inner else np.ascontiguousarray(x)


def subject(kernels, kind):
    def softmax(x, axis=-1):
        if x.ndim != 2 or axis not in (-1, 1):
            raise NotImplementedError("rows of a matrix")
        x, p = with_rows(x), np.empty(x.shape, np.float32)
        sizes = whole(*x.shape, x.strides[0] // 4)
        getattr(kernels, f"softmax_{kind}")(pointer(x), pointer(p), *sizes)
        return p

    def attention(q, k, v):
        q, k, v = map(with_rows, (q, k, v))
        (b, n, l, d), (_, m, s, e) = q.shape, v.shape
        out = np.empty((b, n, l, e), np.float32)
        strides = [x.strides[0] // 4 for x in (q, k, v)]
        arrays = map(pointer, (q, k, v, out, np.empty(s, np.float32)))
        getattr(kernels, f"attention_{kind}")(*arrays, *whole(b, n, m, l, s, d, e, *strides))
        return out

    return SimpleNamespace(softmax=softmax, attention=attention)


@pytest.mark.parametrize("operation", ["softmax", "attention"])
@pytest.mark.parametrize("kind", OFFSETS)
def test_an_offset_of_32_bits_is_caught(kernels, operation, kind):
    register_laws()
    effort = Effort(examples=300, shrinking=0.0, explains=False)
    put = "<mine>", "mine", subject(kernels, kind), operation, "float32", "cpu", effort
    verdict = Candidate(*put).verdict(LAWS["offsets_beyond_32_bits"])
    assert verdict.status == ("passed" if kind == "of_64_bits" else "failed"), verdict.reason
    if verdict.status == "failed":
        assert "2^32 entries apart along the first axis changes the output" in verdict.reason


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16", "int64"])
def test_an_array_far_apart_holds_its_numbers_and_poison(name, dtype):
    if name == "torch":
        pytest.importorskip("torch")
    elif dtype == "bfloat16":
        pytest.skip("NumPy has no bfloat16")
    arrays = backend(name)
    values = np.arange(24).reshape(3, 4, 2) + 1
    values = values if dtype == "int64" else values.astype(float)
    made = arrays.array(values, dtype, "cpu", FAR)
    np.testing.assert_array_equal(arrays.values(made), values)
    assert strides_of(made) == (2**32 + 16, 2, 1)
    for b in (1, 2):  # where an offset of 32 bits leads to
        near = made[0].as_strided((8,), (1,), b * 16) if name == "torch" else None
        if near is None:
            step = (made.itemsize,)
            start = made[0].reshape(-1)
            near = np.lib.stride_tricks.as_strided(start, (b * 16 + 8,), step)[b * 16 :]
        found = arrays.values(near)
        assert np.isnan(found).all() if dtype != "int64" else (found == 77).all()


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_script_makes_the_same_array(name):
    if name == "torch":
        pytest.importorskip("torch")
    values = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    given = backend(name).array(values, "float32", "cpu")
    scope = {"np": np, "mmap": mmap, "sys": sys, "given": given, "torch": sys.modules.get("torch")}
    exec(RESERVED + BACKENDS[name].source_of_far_apart, scope)
    made = eval(laid_out("given", FAR, (2, 3), name), scope)
    due = backend(name).array(values, "float32", "cpu", FAR)
    assert strides_of(made) == strides_of(due) == (2**32 + 6, 1)
    np.testing.assert_array_equal(backend(name).values(made), values)


def strides_of(array):
    """In numbers, not in bytes."""
    if hasattr(array, "stride"):
        return tuple(array.stride())
    return tuple(n // array.itemsize for n in array.strides)
