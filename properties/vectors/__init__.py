"""Test vectors: the suite's cases as files, for implementations that Python cannot import.

`seqlaws-vectors` is the entry point. docs/vectors.md describes the files.
"""
