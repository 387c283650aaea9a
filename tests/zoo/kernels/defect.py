"""What a mistake of a kernel is."""

from typing import NamedTuple


class Defect(NamedTuple):
    """An edit of one module of a package of kernels: what stands there, what is written instead.

    operation: the one that it makes wrong.
    """

    operation: str
    module: str
    old: str
    new: str
