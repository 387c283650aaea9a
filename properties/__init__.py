"""The laws, `test_<subject>.py`, and the machinery that puts them to an implementation.

It knows the specification and the implementations; neither knows it. A law is a function whose
docstring is the law.
"""
