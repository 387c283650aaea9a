"""File of verdicts, one line of JSON for each candidate; only whole lines stay in it."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from seqlaws.properties.judging.verdict import dumped

SCHEMA = 1


class Lines:
    """A file of verdicts, locked for this process while it is open.

    judged: the lines by candidate. A last line that was not written to its end is cut off.
    Raises ValueError if another process writes to the file, or if a line is not one of ours.
    """

    def __init__(self, path: str | Path, settings: dict[str, Any]) -> None:
        self.path, self.settings = Path(path), settings
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self.lock()
            with os.fdopen(os.dup(self.descriptor), "rb") as file:
                whole, newline, _ = file.read().rpartition(b"\n")
            self.size = len(whole) + len(newline)
            os.ftruncate(self.descriptor, self.size)
            rows = [self.read(k, line) for k, line in enumerate(whole.splitlines(), 1)]
        except BaseException:
            self.close()
            raise
        self.judged = {row["candidate"]: row for row in rows}

    def lock(self) -> None:
        """Keep other runs out: what they judge would be judged twice."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{self.path}: another run writes to it; name another file") from None
        except OSError:  # a file system without locks
            return

    def read(self, number: int, line: bytes) -> dict[str, Any]:
        """Return a line as data. Raises ValueError if it is none, or has other settings."""
        where = f"{self.path}, line {number}"
        try:
            row = json.loads(line)
            schema, settings = row["schema"], row["settings"]
            known = schema == SCHEMA and isinstance(row["candidate"], str)
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise ValueError(f"{where}: not a verdict of schema {SCHEMA}; name another file")
        for name, value in self.settings.items():
            if settings.get(name) != value:
                told = f"with {name} = {settings.get(name)!r}, now {value!r}"
                raise ValueError(f"{where}: judged {told}; name another file")
        return dict(row)

    def add(self, row: dict[str, Any]) -> None:
        """Append a line and see it stored. Raises OSError, and the file is as it was before."""
        row = {"schema": SCHEMA, **row, "settings": self.settings}
        data = dumped(row).encode() + b"\n"
        try:
            os.lseek(self.descriptor, self.size, os.SEEK_SET)
            written = 0
            while written < len(data):
                written += os.write(self.descriptor, data[written:])
            os.fsync(self.descriptor)
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)
        self.judged[row["candidate"]] = json.loads(data)

    def close(self) -> None:
        """Close the file, which unlocks it."""
        os.close(self.descriptor)
