"""The process of a stage of laws: it runs `check` and writes the result to a file."""

import json
import sys
from pathlib import Path

from seqlaws.properties.checking import check

MEMORY = 32768  # MiB: the libraries of a GPU hold some in each process that uses it


def main() -> None:
    """Check what the first argument says in JSON; write verdict.json to the second."""
    asked, file = json.loads(sys.argv[1]), Path(sys.argv[2])
    result = check(**asked, memory=MEMORY, seconds_per_call=60.0)
    file.write_text(result.json(), encoding="utf-8")


if __name__ == "__main__":
    main()
