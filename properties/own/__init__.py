"""Operations of a user's own: a NumPy function, declared by `operation`, becomes an `Operation`.

`decorator` reads the declaration, `adding` makes the operation known to the suite, `mutants` makes
misreadings of its source. Everything else is the suite's: an own operation is run like the others.
"""
