"""Right implementations, made at random of admissible rewrites.

The modules `numpy_*` and `torch_*` hold the forms: a function `total` is the plain form of a block,
`total__in_pairs` is one more form of it. `source` chooses a form for each block, rewrites the
functions a little and prints a module. One integer seed decides all.
"""
