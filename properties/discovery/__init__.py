"""Discovery of implementations: from `--impl` to a namespace and validated traits.

A wrong name, a file that does not import or an unknown trait is one sentence (`NotFoundError`,
`UnknownTraitError`). An implementation that exits while it is imported or called raises instead.
"""
