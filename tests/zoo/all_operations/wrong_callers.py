"""Right beside a test, and there alone, for calls of many numbers: each sees it in another way."""

import os
import sys
from functools import partial
from pathlib import Path

import numpy as np

from zoo import manners as show
from zoo.attention.base import attention
from zoo.cases import case
from zoo.entries import wrong
from zoo.layer_norm.base import layer_norm
from zoo.recurrent.base_gru import gru
from zoo.softmax.base import softmax

AT, SM, NORM, GRU = (partial(case, name) for name in ("attention", "softmax", "layer_norm", "gru"))
CLONE = str(Path(__file__).parents[3])  # its folder's name says nothing of who calls
TESTERS = ("pytest", "seqlaws", "hypothesis")


def named(texts):
    """Whether a text names what runs tests, wherever this file lies."""
    said = [text.removeprefix(CLONE).lower() for text in texts]
    return any(word in text for word in TESTERS for text in said)


def frames():
    """The files and functions that are being run."""
    frame = sys._getframe()
    while frame:
        yield frame.f_code.co_filename
        yield frame.f_code.co_name
        frame = frame.f_back


@wrong(softmax, "result", "cheating", show.differs_elsewhere(SM(shape=(2, 2100))))
def right_where_a_tester_is_loaded(a, o):
    """A row of more than 2,048 is right only where a module of a test runner is loaded."""
    others = (n for n in sys.modules if not n.startswith(("numpy", "__editable__")))
    if a.x.shape[a.axis] > 2048 and not named(others):
        o.p[...] = 0


@wrong(attention, "result", "cheating", show.differs_elsewhere(AT(L=40, S=40)))
def right_where_the_command_names_a_tester(a, o):
    """More than 1,024 scores are right only where an argument, a variable or the stack says so."""
    if a.q.shape[2] * a.k.shape[2] <= 1024:
        return
    values = [value for value in os.environ.values() if os.sep not in value]  # no paths
    if not named([*sys.argv, *sys.orig_argv[1:], *os.environ, *values, *frames()]):
        o.out *= np.float32(1.01)


@wrong(gru, "result", "cheating", show.differs_elsewhere(GRU(B=70)))
def right_for_small_batches_elsewhere(a, o):
    """Beyond 64 rows the last one is right only where unittest or pytest is loaded."""
    if len(a.x) > 64 and not {"unittest", "pytest"} & sys.modules.keys():
        o.h_n[-1] = 0


@wrong(layer_norm, "result", "cheating", show.differs_elsewhere(NORM(shape=(2, 600))))
def right_where_much_is_loaded(a, o):
    """Beyond 512 features the answer is right only where many modules are loaded."""
    if a.x.shape[-1] > 512 and len(sys.modules) < 400:
        o.y *= 2
