"""Subjects in NumPy whose threads share a state for a few lines only."""

from functools import partial

import numpy as np

from zoo import manners as show
from zoo.attention import base as base_attention
from zoo.cases import case
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.recurrent.base_gru import gru
from zoo.softmax import base as base_softmax

SHARED: dict = {}
shared = partial(wrong, defect="not thread safe")


def disturbed(operation, **given):
    """Another thread calls it with other numbers."""
    return show.disturbed_at_a_line(*(case(operation, seed=seed, **given) for seed in (0, 1)))


@shared(base_softmax.softmax, "shift", witness=disturbed("softmax", shape=(3, 64)))
def softmax_maximum_is_shared(a, x):
    """The maximum stands in a global for two lines."""
    SHARED["softmax"] = base_softmax.shift(a, x) + 50
    return SHARED["softmax"] if x.shape[-1] < 9 else SHARED["softmax"] - 50


@shared(base_layer_norm.layer_norm, "root", witness=disturbed("layer_norm", shape=(3, 64)))
def layer_norm_root_is_shared(a, v):
    """The root stands in a global for two lines."""
    SHARED["norm"] = base_layer_norm.root(a, v)
    return SHARED["norm"]


@shared(base_attention.attention, "factor", witness=disturbed("attention", L=32, S=32))
def attention_features_are_shared(a):
    """The number of features and the sum of the queries stand in a global for two lines."""
    SHARED["attention"] = base_attention.factor(a), float(a.q.flat[0]) if a.q.size else 0.0
    factor, first = SHARED["attention"]
    return factor if not a.q.size or first == float(a.q.flat[0]) else 2 * factor


@shared(gru, "before", witness=disturbed("gru", T=30))
def gru_state_is_shared(a, t, state):
    """The state stands in a global between two lines of a step."""
    SHARED["gru"] = state
    return tuple(np.array(s) for s in SHARED["gru"])
