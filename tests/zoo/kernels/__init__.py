"""Wrong kernels: each is a bundled package with one mistake that kernels have.

`of_triton.py` and `of_pallas.py` list them, as edits of the source; `planted.py` writes one to a
folder; `measure.py` has all of them judged.
"""
