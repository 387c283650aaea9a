"""The recurrences with their step under `torch.compile`.

Plugged in as `--impl torch_ops:compiled`. The first call of each takes up to a minute, as
Inductor writes a program and g++ compiles it.
"""

from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any

import torch

from seqlaws.impls.torch_ops import _recurrences

TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": ("float64", "float32", "bfloat16", "float16"),
    "masked_nan": "never",
}


def _compiled(function: Callable[..., Any], step: Callable[..., Any]) -> Callable[..., Any]:
    """The recurrence with its step compiled, for all sizes, when it is first called."""
    compiled_step = cache(partial(torch.compile, step, dynamic=True))

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options, step=compiled_step())

    return run


rnn = _compiled(_recurrences.rnn, _recurrences.rnn_step)
lstm = _compiled(_recurrences.lstm, _recurrences.lstm_step)
gru = _compiled(_recurrences.gru, _recurrences.gru_step)
