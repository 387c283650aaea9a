"""The wrong ones of the gallery: one realistic defect each, as an edit of a right form.

They were written before the machinery for own specifications could judge any of them.
"""

from dataclasses import dataclass
from pathlib import Path

from gallery.wrong_attention import ATTENTION
from gallery.wrong_losses import LOSSES
from gallery.wrong_norms import GATED, NORMS
from gallery.wrong_others import OTHERS
from gallery.wrong_recurrent import RECURRENT

FORMS = Path(__file__).with_name("forms")


@dataclass(frozen=True)
class Wrong:
    """A wrong implementation: the operation, the right form, what is wrong with it, the edits."""

    operation: str
    form: str
    defect: str
    edits: tuple[tuple[str, str], ...]

    def source(self):
        """The form's source with the defect in it. Raises ValueError if an edit has no place."""
        text = (FORMS / f"{self.form}.py").read_text(encoding="utf-8")
        for old, new in self.edits:
            if text.count(old) != 1:
                raise ValueError(f"{self.defect}: {text.count(old)} places for {old!r}")
            text = text.replace(old, new)
        return text

    def written(self, folder):
        """Write it to a folder; return the file."""
        path = Path(folder) / f"{self.form}.py"
        path.write_text(self.source(), encoding="utf-8")
        return path


WRONG = [
    Wrong(operation, form, defect, tuple(edits))
    for family in (LOSSES, NORMS, GATED, ATTENTION, RECURRENT, OTHERS)
    for operation, defects in family.items()
    for defect, (form, *edits) in defects.items()
]
