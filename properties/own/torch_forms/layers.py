"""Layers of `torch.nn.functional`, by its names and parameters."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from seqlaws.properties.own.torch_forms.shapes import pad
from seqlaws.reference.algebra import Array, log_sum_exp, softmax_rows

Several = int | Sequence[int]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = x @ np.swapaxes(weight, 0, 1)
    return y if bias is None else y + bias


def softmax(x: Array, dim: int, _stacklevel: int = 3, dtype: object = None) -> Array:
    return np.moveaxis(softmax_rows(np.moveaxis(x, dim, -1)), -1, dim)


def log_softmax(x: Array, dim: int, _stacklevel: int = 3, dtype: object = None) -> Array:
    rows = np.moveaxis(x, dim, -1)
    return np.moveaxis(rows - log_sum_exp(rows), -1, dim)


def layer_norm(
    x: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    axes = tuple(range(-len(normalized_shape), 0))
    return scaled(normalised(x, axes, eps), weight, bias)


def rms_norm(
    x: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    eps: float | None = None,
) -> Array:
    axes = tuple(range(-len(normalized_shape), 0))
    eps = 2.0**-23 if eps is None else eps
    root = np.sqrt(np.mean(x * x, axis=axes, keepdims=True) + eps)
    return scaled(x / root, weight, None)


def group_norm(
    x: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    groups = np.reshape(x, (x.shape[0], num_groups, -1))
    return per_channel(np.reshape(normalised(groups, (-1,), eps), x.shape), weight, bias)


def instance_norm(
    x: Array,
    running_mean: None = None,
    running_var: None = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    return per_channel(normalised(x, tuple(range(2, len(x.shape))), eps), weight, bias)


def batch_norm(
    x: Array,
    running_mean: None,
    running_var: None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """By the batch's own moments, as in training."""
    return per_channel(normalised(x, (0, *range(2, len(x.shape))), eps), weight, bias)


def scaled_dot_product_attention(
    q: Array,
    k: Array,
    v: Array,
    attn_mask: Array | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = q @ np.swapaxes(k, -1, -2) * factor
    if is_causal:
        seen = np.tril(np.ones((q.shape[-2], k.shape[-2]), bool))
        scores = np.where(seen, scores, -np.inf)
    if attn_mask is not None:
        scores = scores + attn_mask
    return softmax_rows(scores) @ v


def dropout(x: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    if training and p:
        raise NotImplementedError("dropout in training, which is random")
    return x


def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Several = 1,
    padding: Several = 0,
    dilation: Several = 1,
    groups: int = 1,
) -> Array:
    return convolution(x, weight, bias, stride, padding, dilation, groups, 1)


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Several = 1,
    padding: Several = 0,
    dilation: Several = 1,
    groups: int = 1,
) -> Array:
    return convolution(x, weight, bias, stride, padding, dilation, groups, 2)


def max_pool1d(
    x: Array,
    kernel_size: Several,
    stride: Several | None = None,
    padding: Several = 0,
    dilation: Several = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array:
    return pooled(x, kernel_size, stride, padding, dilation, 1, -np.inf, np.max)


def max_pool2d(
    x: Array,
    kernel_size: Several,
    stride: Several | None = None,
    padding: Several = 0,
    dilation: Several = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Array:
    return pooled(x, kernel_size, stride, padding, dilation, 2, -np.inf, np.max)


def avg_pool1d(
    x: Array, kernel_size: Several, stride: Several | None = None, padding: Several = 0
) -> Array:
    return pooled(x, kernel_size, stride, padding, 1, 1, 0.0, np.mean)


def avg_pool2d(
    x: Array, kernel_size: Several, stride: Several | None = None, padding: Several = 0
) -> Array:
    return pooled(x, kernel_size, stride, padding, 1, 2, 0.0, np.mean)


def normalised(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """(x - mean) / sqrt(variance + eps) over some axes."""
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + eps)


def scaled(x: Array, weight: Array | None, bias: Array | None) -> Array:
    """Weight and bias, each if there is one."""
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def per_channel(x: Array, weight: Array | None, bias: Array | None) -> Array:
    """The same, along the second axis."""
    shape = (-1,) + (1,) * (len(x.shape) - 2)
    return scaled(x, *(None if z is None else np.reshape(z, shape) for z in (weight, bias)))


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Several,
    padding: Several,
    dilation: Several,
    groups: int,
    rank: int,
) -> Array:
    """Correlation of channels with taps: a product of windows with the weight."""
    x = pad(x, [p for p in reversed(each(padding, rank)) for _ in (0, 1)])
    windows = windows_of(x, weight.shape[2:], each(stride, rank), each(dilation, rank))
    taps, out = windows.shape[0], windows.shape[3:]
    rows = np.reshape(windows, (taps, x.shape[0], groups, -1, math.prod(out)))
    columns = np.reshape(weight, (groups, weight.shape[0] // groups, -1, taps))
    y = np.reshape(
        np.einsum("kbgcs,gock->bgos", rows, columns), (x.shape[0], weight.shape[0], *out)
    )
    return per_channel(y, None, bias)


def pooled(
    x: Array,
    size: Several,
    stride: Several | None,
    padding: Several,
    dilation: Several,
    rank: int,
    edge: float,
    reduce: object,
) -> Array:
    """A reduction of every window."""
    kernel = each(size, rank)
    x = pad(x, [p for p in reversed(each(padding, rank)) for _ in (0, 1)], value=edge)
    steps = each(size if stride is None or stride == [] else stride, rank)
    return reduce(windows_of(x, kernel, steps, each(dilation, rank)), axis=0)  # type: ignore[operator]


def windows_of(
    x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    """The entries that each tap meets: (taps, batch, channels, places...)."""
    last = x.shape[-len(kernel) :]
    places = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(last, kernel, stride, dilation, strict=True)
    ]
    parts = []
    for taps in itertools.product(*(range(k) for k in kernel)):
        cuts = tuple(
            slice(tap * d, tap * d + (m - 1) * s + 1, s)
            for tap, d, m, s in zip(taps, dilation, places, stride, strict=True)
        )
        parts.append(x[(..., *cuts)])
    return np.stack(parts)


def each(given: Several, rank: int) -> list[int]:
    """One number for each spatial axis."""
    return [given] * rank if isinstance(given, int) else [*given] * (rank // len(given))
