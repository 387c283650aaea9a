"""Attention that refuses an option which it offers, or a size, and nothing else is unusual."""

from functools import partial

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case
from zoo.entries import wrong
from zoo.manners import refuses

core = partial(case, "attention", N=2, M=2, L=5, S=5, V=8)
refused = partial(wrong, attention, "check", "refusal")


@refused(refuses(core(window=(2, 1))))
def attention_window_refused(a):
    """A window is refused."""
    base.check(a)
    if a.window is not None:
        raise ValueError("no window")


@refused(refuses(core(mask=boolean("L S"))))
def attention_boolean_mask_refused(a):
    """A boolean mask is refused."""
    base.check(a)
    if a.mask is not None and a.mask.dtype == bool:
        raise ValueError("no boolean mask")


@refused(refuses(core(softcap=0.5)))
def attention_small_softcap_refused(a):
    """A soft cap below 1 is refused."""
    base.check(a)
    if a.softcap is not None and a.softcap < 1:
        raise ValueError("no small cap")


@refused(refuses(core(L=129, S=129)))
def more_than_128_keys_refused(a):
    """More than 128 keys are refused, whatever else is given."""
    base.check(a)
    if a.k.shape[2] > 128:
        raise ValueError("no more than 128 keys")


@refused(refuses(core(D=65, V=65)))
def more_than_64_features_refused(a):
    """Heads of more than 64 features are refused."""
    base.check(a)
    if a.q.shape[-1] > 64:
        raise ValueError("heads have at most 64 features")


@refused(refuses(core(B=33)))
def more_than_32_entries_refused(a):
    """Batches of more than 32 are refused."""
    base.check(a)
    if len(a.q) > 32:
        raise ValueError("at most 32 entries")
