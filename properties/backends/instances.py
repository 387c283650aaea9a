"""The one instance of each backend in this process, made when it is first asked for."""

from seqlaws.properties.backends.protocol import Backend
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.backends.side_effects import note_at_first

INSTANCES: dict[str, Backend] = {}


def backend(name: str) -> Backend:
    """The instance of a backend. Raises ImportError where its library is not installed."""
    if name not in INSTANCES:
        if name not in BACKENDS:
            raise ImportError(f"the backend {name!r} is not built yet; {', '.join(BACKENDS)} are")
        INSTANCES[name] = BACKENDS[name]()
        note_at_first()
    return INSTANCES[name]
