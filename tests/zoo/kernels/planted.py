"""A copy of a package of kernels with one defect, to be judged by its path."""

from pathlib import Path

from zoo.kernels import of_pallas, of_triton

IMPLS = Path(__file__).resolve().parents[3] / "impls"
LANGUAGES = {"triton": of_triton.DEFECTS, "pallas": of_pallas.DEFECTS}
LIBRARIES = {"triton": "triton", "pallas": "jax"}  # that they need
DEFECTS = {
    f"{language}_{name}": defect
    for language, defects in LANGUAGES.items()
    for name, defect in defects.items()
}


def planted(name, into):
    """Write the package with a defect to a folder of its name; return what to check.

    Raises ValueError for a defect that is not just once where it should be.
    """
    defect, package = DEFECTS[name], f"{name.partition('_')[0]}_kernels"
    for path in (IMPLS / package).rglob("*.py"):
        place = path.relative_to(IMPLS / package)
        source = path.read_text(encoding="utf-8")
        if str(place) == defect.module:
            if source.count(defect.old) != 1:
                raise ValueError(f"{name}: {source.count(defect.old)} such places in {place}")
            source = source.replace(defect.old, defect.new)
        target = Path(into) / name / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.replace(f"seqlaws.impls.{package}", name), encoding="utf-8")
    return Path(into) / name / "__init__.py"
