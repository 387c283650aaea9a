"""The array libraries that there are, by the name that the trait `backend` has for each."""

import sys
from collections.abc import Mapping

from seqlaws.properties.backends.jax_backend import JaxBackend
from seqlaws.properties.backends.numpy_backend import NumpyBackend
from seqlaws.properties.backends.protocol import Backend
from seqlaws.properties.backends.torch_backend import TorchBackend

BACKENDS: Mapping[str, type[Backend]] = {
    "numpy": NumpyBackend,
    "torch": TorchBackend,
    "jax": JaxBackend,
}


def loaded() -> dict[str, type[Backend]]:
    """The backends whose library this process has imported, whoever did."""
    return {name: made for name, made in BACKENDS.items() if sys.modules.get(made.library)}
