"""Positional encoding and rotary embedding: right bases cut into parts, and ones made of them."""
