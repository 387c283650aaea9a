"""`seqlaws-check`: check many candidates, and write a line of JSON for each.

seqlaws-check candidates/*.py --op attention --into verdicts.jsonl
seqlaws-check @candidates.txt --shard 3/8 --into verdicts.3.jsonl
"""

import argparse
import sys
from collections import Counter
from typing import Any

OK, NOT_ALL_PASSED, MISUSE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="seqlaws-check",
        description="Check many implementations. Each gets a line of JSON in the file; those that "
        "have one are not checked again.",
        epilog="Exit status: 0 if all passed, 1 if one failed or is undecided, 2 if nothing was "
        "checked or the file could not be written, 130 after Ctrl-C.",
        fromfile_prefix_chars="@",
    )
    made.add_argument(
        "candidates",
        nargs="+",
        metavar="CANDIDATE",
        help="a file, an import path or a bundled name, optionally with `:object` added; @FILE "
        "reads them from a file, one a line",
    )
    made.add_argument("--into", default="verdicts.jsonl", metavar="FILE", help="the file of lines")
    made.add_argument("--workers", type=int, metavar="N", help="processes; default: one per core")
    made.add_argument("--op", action="append", metavar="OPERATION", help="only this; repeatable")
    made.add_argument("--dtype", action="append", metavar="DTYPE", help="only this; repeatable")
    made.add_argument("--section", action="append", metavar="SECTION", help="only this; repeatable")
    made.add_argument("--device", default="", metavar="DEVICE", help="run on this device")
    made.add_argument("--spec", metavar="FILE", help="a file with operations of your own")
    made.add_argument("--spec-cache", metavar="DIR", help="keep the specification's answers there")
    made.add_argument("--examples", type=int, default=10, metavar="N", help="for each law (10)")
    made.add_argument("--seed", type=int, default=0, metavar="N", help="suite seed (0)")
    made.add_argument("--seconds", type=float, default=600, help="ceiling for a candidate (600)")
    made.add_argument("--seconds-per-call", type=float, default=10, help="limit of a call (10)")
    made.add_argument("--memory", type=int, default=4096, metavar="MIB", help="limit (4096)")
    made.add_argument("--explain", action="store_true", help="shrink failures, search for causes")
    made.add_argument("--stop-at-first", action="store_true", help="stop at the first failed MUST")
    made.add_argument("--shard", metavar="K/N", help="take only part K of N of the candidates")
    return made


def told(row: dict[str, Any]) -> None:
    """Print a line about a candidate."""
    must = [one for one in row["failed"] if one["level"] == "MUST"]
    first = next((f"{one['law']}: {one['reason']}" for one in must or row["failed"]), "")
    label = f"{len(must)} failed: " if len(must) > 1 else "SHOULD: " if first and not must else ""
    because = row["problem"] or label + next(iter(row["causes"]), first)
    said = f"{row['status']:<9} {row['seconds']:7.1f} s  {row['candidate']}  {because}".rstrip()
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Check the candidates; return the exit status."""
    made = parser()
    given = made.parse_args(arguments)
    from seqlaws.properties.many.check_many import check_many
    from seqlaws.properties.own.proof import SpecError
    from seqlaws.properties.runner.shards import shard_of

    try:
        candidates = given.candidates
        if given.shard:
            candidates = shard_of(given.shard).part(candidates)
        rows = check_many(
            candidates,
            given.into,
            workers=given.workers,
            operations=given.op,
            dtypes=given.dtype,
            sections=given.section,
            examples=given.examples,
            seconds=given.seconds,
            explain=given.explain,
            device=given.device,
            seed=given.seed,
            stop_at_first=given.stop_at_first,
            seconds_per_call=given.seconds_per_call,
            memory=given.memory,
            spec=given.spec,
            spec_cache=given.spec_cache,
            told=told,
        )
    except (ValueError, SpecError) as error:
        sys.stderr.write(f"seqlaws-check: {error}\n")
        return MISUSE
    except OSError as error:
        sys.stderr.write(
            f"seqlaws-check: {given.into}: cannot be written: {error.strerror or error}; its lines "
            "are whole, and the same command goes on from there\n"
        )
        return MISUSE
    except KeyboardInterrupt:
        sys.stderr.write(f"seqlaws-check: stopped; the same command goes on with {given.into}\n")
        return 130
    counts = Counter(row["status"] for row in rows)
    said = ", ".join(f"{n} {status}" for status, n in counts.items())
    sys.stdout.write(f"{said} in {given.into}\n")
    return OK if set(counts) <= {"passed"} else NOT_ALL_PASSED


if __name__ == "__main__":
    sys.exit(main())
