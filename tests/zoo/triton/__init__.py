"""Wrong Triton kernels: each is the bundled `triton_kernels` with one mistake that kernels have.

`defects.py` lists them, as edits of the source; `planted.py` writes one to a folder; `measure.py`
has all of them judged.
"""
