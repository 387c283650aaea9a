"""Processes: the specification's server, the contained implementation, the second program.

The specification is asked in a process that no implementation reaches. A contained implementation
that crashes, hangs or takes too much memory costs its own verdict. Built-in values alone come back.
"""
