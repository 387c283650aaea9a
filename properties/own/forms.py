"""What a specification of one's own may say of the forms of a formula."""

from seqlaws.reference.algebra import either

__all__ = ["either"]
