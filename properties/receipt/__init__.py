"""A receipt: what conforms on a device, and how fast it is, in one file of one command.

`python -m seqlaws.receipt` runs stages, each in processes of its own, and writes the file after
each, so that a run that was cut goes on where it ended. `seqlaws-report` reads the file.
"""
