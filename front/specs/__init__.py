"""Specifications that are part of the suite and are added on request: `--spec packed_attention`."""
