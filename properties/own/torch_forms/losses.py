"""Losses of `torch.nn.functional`, by its names and parameters."""

import numpy as np

from seqlaws.properties.own.torch_forms.layers import log_softmax
from seqlaws.reference.algebra import Array


def mse_loss(
    x: Array, y: Array, size_average: None = None, reduce: None = None, reduction: str = "mean"
) -> Array:
    return reduced((x - y) * (x - y), reduction)


def l1_loss(
    x: Array, y: Array, size_average: None = None, reduce: None = None, reduction: str = "mean"
) -> Array:
    return reduced(np.abs(x - y), reduction)


def smooth_l1_loss(
    x: Array,
    y: Array,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Array:
    d = np.abs(x - y)
    return reduced(np.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta), reduction)


def kl_div(
    x: Array,
    y: Array,
    size_average: None = None,
    reduce: None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    terms = np.exp(y) * (y - x) if log_target else y * (np.log(y) - x)
    return np.sum(terms) / x.shape[0] if reduction == "batchmean" else reduced(terms, reduction)


def cross_entropy(
    x: Array,
    target: Array,
    weight: None = None,
    size_average: None = None,
    ignore_index: int = -100,
    reduce: None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    if weight is not None:
        raise NotImplementedError("cross_entropy with weights of classes")
    log_p = log_softmax(x, 1)
    one_hot = np.arange(x.shape[1]) == target[:, None]
    nll = -np.sum(np.where(one_hot, log_p, 0), axis=1)
    if label_smoothing:
        nll = (1 - label_smoothing) * nll - label_smoothing * np.mean(log_p, axis=1)
    return reduced(nll, reduction)


def cosine_similarity(x: Array, y: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    sizes = [np.maximum(np.sqrt(np.sum(z * z, axis=dim)), eps) for z in (x, y)]
    return np.sum(x * y, axis=dim) / (sizes[0] * sizes[1])


def normalize(x: Array, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Array:
    if p != 2:
        raise NotImplementedError(f"normalize of order {p}")
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=dim, keepdims=True)), eps)


def reduced(terms: Array, reduction: str) -> Array:
    """The mean, the sum, or every term."""
    if reduction == "none":
        return terms
    return np.mean(terms) if reduction == "mean" else np.sum(terms)
