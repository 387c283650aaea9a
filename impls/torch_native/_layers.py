"""torch's layers without parameters of their own, each made once."""

import threading
from functools import lru_cache
from typing import Any, TypeVar

from torch.nn import Module

Layer = TypeVar("Layer", bound=Module)


class Layers(threading.local):
    """The layers that a thread asked for last.

    To make a layer takes longer than a small call of it; a program makes it once. A call gives it
    its parameters for as long as it takes, so that threads must not share any.
    """

    def __init__(self) -> None:
        self.asked: Any = lru_cache(maxsize=64)(new)


def new(kind: type[Module], training: bool, *sizes: int, **options: Any) -> Module:
    """Return a new layer. On the device "meta" it has no storage, and draws no random weights."""
    return kind(*sizes, **options, batch_first=True, device="meta").train(training)


KEPT = Layers()


def layer(kind: type[Layer], *sizes: int, training: bool = True, **options: Any) -> Layer:
    """Return the layer of these sizes and options, for `functional_call` with parameters."""
    found: Layer = KEPT.asked(kind, training, *sizes, **options)
    return found
