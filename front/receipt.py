"""`python -m seqlaws.receipt`: what conforms on a device, and how fast it is, in one file."""

import sys

from seqlaws.properties.receipt.command import main

if __name__ == "__main__":
    sys.exit(main())
