"""What the recurrent networks share, in NumPy."""

import numpy as np

from generated.numpy_products import product, swapped
from generated.numpy_sums import over_rows


def existing(lengths, batch, time):
    """Which steps exist: bool (B, T, 1)."""
    if lengths is None:
        return np.ones((batch, time, 1), bool)
    guard_lengths(lengths, batch, time)
    return (np.arange(time) < np.asarray(lengths)[:, None])[..., None]


def existing__row_by_row(lengths, batch, time):
    """Each row by itself."""
    exists = np.zeros((batch, time, 1), bool)
    if lengths is not None:
        guard_lengths(lengths, batch, time)
    for b in range(batch):
        exists[b, : time if lengths is None else int(lengths[b])] = True
    return exists


def guard_lengths(lengths, batch, time):
    """Check lengths."""
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths are {lengths.dtype}")
    if lengths.shape != (batch,) or np.any(lengths < 0) or np.any(lengths > time):
        raise ValueError(f"lengths are {lengths}")


def guard_lengths__nothing(lengths, batch, time):
    """Check nothing."""


def order(time, reverse):
    """The steps in the order in which they are read."""
    return range(time - 1, -1, -1) if reverse else range(time)


def order__list(time, reverse):
    """As a list."""
    steps = list(range(time))
    if reverse:
        steps.reverse()
    return steps


def read(x, exists):
    """The inputs, 0 where a step does not exist."""
    return np.where(exists, x, x.dtype.type(0))


def read__as_they_are(x, exists):
    """The inputs as they are: a step that does not exist changes nothing."""
    return x


def driven(x, weight_ih, bias_ih, bias_hh):
    """The inputs' part of all steps, with one bias."""
    return product(x, swapped(weight_ih)) + bias_ih, bias_hh


def driven__both_biases(x, weight_ih, bias_ih, bias_hh):
    """The biases are added first."""
    return product(x, swapped(weight_ih)) + (bias_ih + bias_hh), np.zeros_like(bias_hh)


def driven__one_by_one(x, weight_ih, bias_ih, bias_hh):
    """The biases are added after the product, one by one."""
    return product(x, swapped(weight_ih)) + bias_hh + bias_ih, np.zeros_like(bias_hh)


def driven__step_by_step(x, weight_ih, bias_ih, bias_hh):
    """Each step by itself."""
    out = np.zeros((*x.shape[:2], weight_ih.shape[0]), x.dtype)
    for t in range(x.shape[1]):
        out[:, t] = product(x[:, t], swapped(weight_ih)) + bias_ih
    return out, bias_hh


def driven__bias_as_a_column(x, weight_ih, bias_ih, bias_hh):
    """A feature that is 1 carries the bias."""
    ones = np.ones((*x.shape[:2], 1), x.dtype)
    weight = np.concatenate([weight_ih, bias_ih[:, None]], axis=1)
    return product(np.concatenate([x, ones], axis=2), swapped(weight)), bias_hh


def stepped(a, h, weight_hh, bias_hh):
    """Add the state's part to that of the inputs."""
    return a + (product(h, swapped(weight_hh)) + bias_hh)


def stepped__bias_last(a, h, weight_hh, bias_hh):
    """The bias is added last."""
    return product(h, swapped(weight_hh)) + a + bias_hh


def stepped__bias_first(a, h, weight_hh, bias_hh):
    """The bias is added to the inputs' part."""
    return a + bias_hh + product(h, swapped(weight_hh))


def carried(exists, new, old):
    """The state, where a step exists, else as before."""
    return np.where(exists, new, old)


def carried__assigned(exists, new, old):
    """A copy is overwritten."""
    out = old.copy()
    np.copyto(out, new, where=exists)
    return out


def weight_gradient(da, x):
    """Sum over rows and steps of da x^T: (B, T, G), (B, T, F) to (G, F)."""
    rows = da.shape[0] * da.shape[1]
    flat = da.reshape(rows, da.shape[2])
    return product(swapped(flat), x.reshape(rows, x.shape[2]))


def weight_gradient__step_by_step(da, x):
    """Each step by itself, from the last."""
    dw = np.zeros((da.shape[2], x.shape[2]), da.dtype)
    for t in range(da.shape[1] - 1, -1, -1):
        dw = dw + product(swapped(da[:, t]), x[:, t])
    return dw


def weight_gradient__row_by_row(da, x):
    """Each row of the batch by itself."""
    dw = np.zeros((da.shape[2], x.shape[2]), da.dtype)
    for b in range(da.shape[0]):
        dw = dw + product(swapped(da[b]), x[b])
    return dw


def weight_gradient__einsum(da, x):
    """By einsum."""
    return np.einsum("btg,btf->gf", da, x)


def bias_gradient(da):
    """Sum over rows and steps: (B, T, G) to (G,)."""
    return over_rows(da.reshape(da.shape[0] * da.shape[1], da.shape[2]))


def bias_gradient__two_axes(da):
    """By NumPy over two axes."""
    return da.sum(axis=(0, 1))


def parts(a, count):
    """Cut the last axis into equal parts."""
    n = a.shape[-1] // count
    return [a[..., k * n : (k + 1) * n] for k in range(count)]


def parts__split(a, count):
    """By NumPy."""
    return np.split(a, count, axis=-1)


def parts__reshaped(a, count):
    """The parts are an axis of their own."""
    a = a.reshape(*a.shape[:-1], count, a.shape[-1] // count)
    return [a[..., k, :] for k in range(count)]
