"""How many wrong kernels are caught: `python tests/zoo/kernels/measure.py [name ...]`.

Each is judged in float32 by `check`, until a MUST fails; a line for each, then the sums.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from seqlaws.properties import check  # noqa: E402
from zoo.kernels.planted import DEFECTS, planted  # noqa: E402


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", choices=[[], *DEFECTS])
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    names, caught, named = given.names or list(DEFECTS), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            spec, operation = planted(name, folder), DEFECTS[name].operation
            asked = {"seconds": given.seconds, "seed": given.seed, "stop_at_first": True}
            result = check(spec, [operation], ["float32"], **asked)
            law = result.failures[0].law if result.failures else result.problem or result.status
            said = result.causes[0] if result.causes else None
            explained = said is not None and said.kind != "law"
            caught, named = caught + bool(result.failures), named + explained
            what = said.sentence if explained else "-"
            print(f"{name}  {result.seconds:.0f} s  {law}  {what[:150]}", flush=True)
    print(f"{caught} of {len(names)} caught, {named} named")


if __name__ == "__main__":
    main()
