"""The start of a run: what is imported, and how."""

IMPLEMENTATION = """
import sys
from seqlaws.impls.numpy_vectorized import TRAITS, softmax
names = [name for name, module in sys.modules.items()
         if type(getattr(module, "__loader__", None)).__module__.startswith("_pytest.")]
print("rewritten:", sorted(n for n in names if n.startswith(("hypothesis.", "seqlaws."))))
"""


def test_modules_are_imported_as_they_are_written(run_suite, plug_in):
    """Where no bytecode is written, pytest would rewrite and compile them at each start."""
    chosen = ("--op", "softmax", "-k", "rows_sum", "--hypothesis-profile", "quick", "-q", "-s")
    run = run_suite(f"--impl={plug_in(IMPLEMENTATION)}", *chosen)
    assert run.returncode == 0, run.stdout
    (told,) = {line for line in run.stdout.splitlines() if line.startswith("rewritten: ")}
    assert ".test_" not in told
    assert "hypothesis.core" not in told
    assert ".runner" not in told
