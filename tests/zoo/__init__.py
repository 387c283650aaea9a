"""Wrong implementations that the suite must catch, and right ones that it must accept.

A subject is an object here, named `tests/zoo/FOLDER/FILE.py:OBJECT`: a right base with one part
replaced (`base.py`). There is a folder for each operation or family of operations, and one for what
several have in common, `all_operations/`. A wrong one has a witness (`witness.py`) that proves it
wrong by the contract; its definition, in the file of its theme, also enters it in the list of
`catalogue.py`. The zoo is self-contained.
"""
