"""What the recurrent networks share, in torch."""

import torch

from generated.torch_sums import product, swapped


def existing(lengths, batch, time, device):
    """Which steps exist: bool (B, T, 1)."""
    if lengths is None:
        return torch.ones((batch, time, 1), dtype=torch.bool, device=device)
    lengths = torch.as_tensor(lengths, device=device)
    guard_lengths(lengths, batch, time)
    return (torch.arange(time, device=device) < lengths[:, None])[..., None]


def existing__row_by_row(lengths, batch, time, device):
    """Each row by itself."""
    exists = torch.zeros((batch, time, 1), dtype=torch.bool, device=device)
    if lengths is not None:
        guard_lengths(torch.as_tensor(lengths), batch, time)
    for b in range(batch):
        exists[b, : time if lengths is None else int(lengths[b])] = True
    return exists


def guard_lengths(lengths, batch, time):
    """Check lengths."""
    if lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise TypeError(f"lengths are {lengths.dtype}")
    wrong = lengths.shape != (batch,)
    if wrong or bool((lengths < 0).any()) or bool((lengths > time).any()):
        raise ValueError(f"lengths are {lengths}")


def guard_lengths__nothing(lengths, batch, time):
    """Check nothing."""


def order(time, reverse):
    """The steps in the order in which they are read."""
    return range(time - 1, -1, -1) if reverse else range(time)


def order__list(time, reverse):
    """As a list."""
    steps = list(range(time))
    return steps[::-1] if reverse else steps


def read(x, exists):
    """The inputs, 0 where a step does not exist."""
    return torch.where(exists, x, torch.zeros_like(x))


def read__filled(x, exists):
    """By filling."""
    return x.masked_fill(~exists, 0)


def driven(x, weight_ih, bias_ih, bias_hh):
    """The inputs' part of all steps, with one bias, and the bias that remains."""
    return product(x, swapped(weight_ih)) + bias_ih, bias_hh


def driven__linear(x, weight_ih, bias_ih, bias_hh):
    """By torch's own function."""
    return torch.nn.functional.linear(x, weight_ih, bias_ih), bias_hh


def driven__both_biases(x, weight_ih, bias_ih, bias_hh):
    """The biases are added first."""
    return product(x, swapped(weight_ih)) + (bias_ih + bias_hh), None


def driven__one_by_one(x, weight_ih, bias_ih, bias_hh):
    """The biases are added after the product, one by one."""
    return product(x, swapped(weight_ih)) + bias_hh + bias_ih, None


def driven__bias_as_a_column(x, weight_ih, bias_ih, bias_hh):
    """A feature that is 1 carries the bias."""
    ones = torch.ones_like(x.sum(-1, keepdim=True))
    weight = torch.cat([weight_ih, bias_ih[:, None]], 1)
    return product(torch.cat([x, ones], 2), swapped(weight)), bias_hh


def stepped(a, h, weight_hh, bias_hh):
    """Add the state's part to that of the inputs."""
    b = product(h, swapped(weight_hh))
    return a + (b if bias_hh is None else b + bias_hh)


def stepped__linear(a, h, weight_hh, bias_hh):
    """By torch's own function."""
    return torch.nn.functional.linear(h, weight_hh, bias_hh) + a


def stepped__bias_first(a, h, weight_hh, bias_hh):
    """The bias is added to the inputs' part."""
    if bias_hh is not None:
        a = a + bias_hh
    return a + product(h, swapped(weight_hh))


def carried(exists, new, old):
    """The state, where a step exists, else as before."""
    return torch.where(exists, new, old)


def carried__rows(exists, new, old):
    """The rows are taken one by one."""
    rows = [new[b] if bool(exists[b]) else old[b] for b in range(new.shape[0])]
    return torch.stack(rows) if rows else new


def along_time(states, like, exists):
    """The states (B, H) of each step as (B, T, H), 0 where a step does not exist."""
    if not states:
        return like[:, None][:, :0]
    y = torch.stack(states, 1)
    return torch.where(exists, y, torch.zeros_like(y))


def along_time__concatenated(states, like, exists):
    """By concatenation."""
    parts = [like[:, None][:, :0], *(state[:, None] for state in states)]
    return torch.cat(parts, 1).masked_fill(~exists, 0)
