"""Functions of torch in NumPy, by torch's names, for references that are translated from torch.

They are functions of arrays and of the number systems. What is not here has no rule.
"""

from typing import Any

from seqlaws.properties.own.torch_forms import elementwise, layers, losses, reductions, shapes

MODULES = (elementwise, shapes, reductions, layers, losses)


def __getattr__(name: str) -> Any:
    for module in MODULES:
        function = vars(module).get(name) or vars(module).get(f"{name}_")  # a builtin's name
        if getattr(function, "__module__", "") == module.__name__:
            return function
    raise AttributeError(f"torch's {name} has no rule")
