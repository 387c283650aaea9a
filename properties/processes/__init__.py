"""Processes of their own: for the specification, for whom is contained, for any other program."""
