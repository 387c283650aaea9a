"""Forms of a formula, of which a specification of one's own allows any."""

from seqlaws.reference.algebra import either

__all__ = ["either"]
