"""Implementations that come with the suite, each an ordinary plug-in with no privilege.

A plug-in is a namespace with `TRAITS` and functions named and shaped as the contract says. It
imports nothing of the suite, and no other plug-in.
"""
