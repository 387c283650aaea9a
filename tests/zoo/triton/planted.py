"""A copy of `triton_kernels` with one defect, to be judged by its path."""

from pathlib import Path

from zoo.triton.defects import DEFECTS

IMPLS = Path(__file__).resolve().parents[3] / "impls"
PACKAGE = "seqlaws.impls.triton_kernels"


def planted(name, into):
    """Write the package with a defect to a folder of its name; return what to check.

    Raises ValueError for a defect that is not just once where it should be.
    """
    defect, own = DEFECTS[name], f"triton_{name}"
    for path in (IMPLS / "triton_kernels").rglob("*.py"):
        place = path.relative_to(IMPLS / "triton_kernels")
        source = path.read_text(encoding="utf-8")
        if str(place) == defect.module:
            if source.count(defect.old) != 1:
                raise ValueError(f"{name}: {source.count(defect.old)} such places in {place}")
            source = source.replace(defect.old, defect.new)
        target = Path(into) / own / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.replace(PACKAGE, own), encoding="utf-8")
    return Path(into) / own / "__init__.py"
