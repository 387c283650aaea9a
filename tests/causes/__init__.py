"""Material to measure how well all failures of one implementation are told as a few causes.

`blog_a`, `blog_b`, `blog_c` are whole implementations with six defects each (`expected`);
`planted` puts defects of a list, alone or in pairs, into a right one; `measure` runs them all.
"""
