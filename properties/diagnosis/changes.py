"""Changes of the specification, alone or several together, that may explain a wrong answer."""

import copy
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from seqlaws.properties.diagnosis.evidence import NEAR, Evidence, differ, distance, judged, plain
from seqlaws.properties.discovery.traits import KINDS
from seqlaws.properties.inputs.masks import MASKS
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.judging.comparison import exactly
from seqlaws.properties.misreadings import Misreading, about, tried_last
from seqlaws.properties.misreadings.generated import generated
from seqlaws.properties.subjects.subject import Subject

ANSWERS = {"zeros": "zeros", "nan": "NaN", "mean": "the mean of all values"}
FAR = 1e4  # so many times the allowed error, and no bound of a misreading reaches it
MEAN = 5.0  # of log(1 + distance): most entries are then some hundred times too far off
OF_KIND = {
    "boolean": "under a boolean mask",
    "floating": "under a floating mask",
    "causal": "under is_causal or window",
}


@dataclass(frozen=True, eq=False)
class Change:
    """One change: a misreading, or other values of traits. name: of a misreading after "with".

    traits: pairs of a trait's name and its value; that of `fully_masked` by kind of mask.
    values_only: the vjp is that of the specification. of: the change that this is a form of.
    """

    name: str
    misreading: Misreading | None = None
    traits: tuple[tuple[str, Any], ...] = ()
    values_only: bool = False
    of: "Change | None" = None

    @property
    def origin(self) -> "Change":
        """The change whose form this is."""
        return self.of or self

    @cached_property
    def settles(self) -> set[tuple[str, str]]:
        """Return what its traits give a value to: each with the kind of mask, or ""."""
        kinds = ((name, v if isinstance(v, Mapping) else ("",)) for name, v in self.traits)
        return {(name, kind) for name, several in kinds for kind in several}

    @property
    def gradients(self) -> bool:
        """True if it changes the vjp alone."""
        return self.misreading is not None and self.misreading.gradients

    def is_of(self, operation: str) -> bool:
        """True if it is a misreading of an operation itself, not of what it is made of."""
        return self.misreading is not None and operation in self.misreading.operations

    @cached_property
    def differentiated(self) -> "Change":
        """The change with the gradients of the changed function, as autograd has them."""
        if self.misreading is None or self.gradients or self.misreading.differentiated:
            return self
        made = replace(self.misreading, differentiated=True)
        return replace(self, misreading=made, of=self.origin)

    @cached_property
    def in_values(self) -> "Change":
        """The change of the function alone."""
        if self.misreading is None or self.gradients or self.values_only:
            return self
        return replace(self, values_only=True, of=self.origin)

    @cached_property
    def in_intermediates(self) -> "Change":
        """The change of the function, and of what its vjp computes anew; its formulas stay."""
        if self.misreading is None or self.gradients:
            return self
        forward = tuple(e for e in self.misreading.edits if not e.is_backward)
        if forward == self.misreading.edits or not forward:
            return self
        made = replace(self.misreading, edits=forward, differentiated=False)
        return replace(self, misreading=made, of=self.origin)

    def misread(self, *, vjp: bool) -> Iterator[Misreading]:
        """Yield the misreading, if it is one of the function, or of the vjp, that is called."""
        if self.misreading is not None and not (self.values_only if vjp else self.gradients):
            yield self.misreading


def changes_of(subject: Subject) -> list[Change]:
    """Every change that is known for an operation: traits first, then misreadings."""
    lacks = {o for o in subject.operation.options if not subject.offers(o)}
    known = (m for m in misreadings(subject.operation) if not lacks & {*m.needs})
    return [*of_traits(subject), *of_misreadings(subject, known)]


def generated_changes(subject: Subject) -> list[Change]:
    """Every change that is made from the source of the specification."""
    o = subject.operation
    made = generated(o.name, differentiable=o.differentiable)
    return of_misreadings(subject, (*made, *tried_last(o.name)))


def of_misreadings(subject: Subject, known: Iterable[Misreading]) -> list[Change]:
    """Misreadings as changes; a subject without a vjp of its own has the derivatives of them."""
    made = [Change(m.name, m) for m in known]
    return made if subject.vjp_function else [c.differentiated for c in made]


def misreadings(operation: Operation) -> tuple[Misreading, ...]:
    """The misreadings of an operation and of its vjp."""
    back = about(f"{operation.name}_vjp") if operation.differentiable else ()
    return tuple(dict.fromkeys((*about(operation.name), *back)))


def of_traits(subject: Subject) -> Iterator[Change]:
    """Yield other values of the traits that the specification knows."""
    traits, now = subject.operation.traits, by_kind(subject.traits.fully_masked)
    if "fully_masked" in traits:
        for kinds in (KINDS, *((kind,) for kind in KINDS)):
            for answer in ANSWERS:
                if any(now[kind] != answer for kind in kinds):
                    yield fully_masked(dict.fromkeys(kinds, answer), now)
    if "causal_alignment" in traits:
        one, other = "top-left", "bottom-right"
        if subject.traits.causal_alignment != one:
            one, other = other, one
        name = f"the causal mask aligned {other}, not {one}"
        yield Change(name, traits=(("causal_alignment", other),))
        if other == "bottom-right" and "fully_masked" in traits:
            for answer, said in ANSWERS.items():
                if now["causal"] != answer:
                    without_keys = "fully_masked", {"causal": answer}
                    beside = f"{name}, and {said} for queries without keys"
                    yield Change(beside, traits=(("causal_alignment", other), without_keys))


def by_kind(declared: str | Mapping[str, str]) -> dict[str, str]:
    """The trait `fully_masked`, for each kind of mask."""
    return {k: declared if isinstance(declared, str) else declared[k] for k in KINDS}


def fully_masked(value: dict[str, str], now: dict[str, str]) -> Change:
    """Return the change of what a query without keys gets: under all masks, or under one kind."""
    kind, answer = next(iter(value.items()))
    name = f"fully masked rows give {ANSWERS[answer]}"
    was = ANSWERS[now[kind]] if len({*now.values()}) == 1 else "what is declared"
    name += f" {OF_KIND[kind]}" if len(value) == 1 else f", not {was}"
    return Change(name, traits=(("fully_masked", value),))


def values_of_traits(subject: Subject, changes: Iterable[Change]) -> dict[str, Any]:
    """The values of traits that the changes together give, by the name of the trait."""
    traits = dict[str, Any]()
    for name, value in (pair for c in changes for pair in c.traits):
        if isinstance(value, Mapping):  # for some kinds of masks
            before = traits.get(name, by_kind(subject.traits.fully_masked))
            traits[name] = {**before, **value}
        else:
            traits[name] = value
    return traits


def declared(subject: Subject, changes: Iterable[Change]) -> str:
    """The line that declares the values of traits which the changes together give."""
    values = values_of_traits(subject, changes)
    for name, value in values.items():
        if isinstance(value, dict) and len({*value.values()}) == 1:  # the same of each kind
            values[name] = next(iter(value.values()))
    return f"TRAITS = {json.dumps(values)}"


def together(
    subject: Subject, changes: tuple[Change, ...], *, vjp: bool
) -> tuple[Subject, Misreading | None]:
    """The subject with other traits, and the misreading that makes all the others at once."""
    probe = copy.copy(subject)
    probe.traits = dataclasses.replace(subject.traits, **values_of_traits(subject, changes))
    read = [one for c in changes for one in c.misread(vjp=vjp)]
    if len(read) < 2:
        return probe, (read[0] if read else None)
    edits = tuple(dict.fromkeys(e for one in read for e in one.edits))
    name = ", ".join(one.name for one in read)
    differentiated = any(one.differentiated for one in read)
    made = replace(read[0], name=name, edits=edits, gradients=False)
    return probe, replace(made, differentiated=differentiated)


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer of the implementation: its evidence, for the dtype that it was given in."""

    subject: Subject
    evidence: Evidence
    distances: dict[tuple[Change, ...], tuple[float, float]] = field(default_factory=dict)
    judgements: dict[tuple[Change, ...], float] = field(default_factory=dict)

    def near(self, changes: tuple[Change, ...]) -> tuple[float, float]:
        """How far the changed specification's values are from it: at most, and in mean."""
        if changes not in self.distances:
            self.distances[changes] = distance(*self.together(changes), self.evidence)
        return self.distances[changes]

    def is_explained(self, changes: tuple[Change, ...]) -> bool:
        """Return True if the changed specification gives it, and says enough to be sure."""
        if not self.evidence.is_wrong:
            return self.fits(changes)
        return not self.is_far(changes) and self.judged(changes) > 0

    def fits(self, changes: tuple[Change, ...], *, rounded: bool = False) -> bool:
        """Return True if the changed specification may have given it.

        A wrong answer whose values the changes do not concern is not theirs, however little it is
        off; except if rounded is True, where they may round it in another way, however far.
        """
        if not rounded and self.evidence.is_wrong and self.near(changes) == self.near(()):
            return False
        if self.near(changes)[0] <= NEAR:
            return True
        if not rounded and self.is_far(changes):
            return False
        return self.judged(changes) >= 0

    def judged(self, changes: tuple[Change, ...]) -> float:
        """Return 1 where the changed specification explains it, -1 where not, 0 for neither."""
        if changes not in self.judgements:
            self.judgements[changes] = judged(*self.together(changes), self.evidence)
        return self.judgements[changes]

    def is_far(self, changes: tuple[Change, ...]) -> bool:
        """Return True if no bound of the changed specification can reach the answer.

        Unless it may read what is put where nobody has to look: its bound is then a large one.
        """
        furthest, mean = self.near(changes)
        spoilt = bool(self.evidence.case.poison[0]) and furthest < np.inf
        return not spoilt and (furthest >= FAR or (furthest > NEAR and mean > MEAN))

    def together(self, changes: tuple[Change, ...]) -> tuple[Subject, Misreading | None]:
        """The changes at once, as they are for this call."""
        return together(self.subject, changes, vjp=self.evidence.vjp)

    @cached_property
    def may_lack_keys(self) -> bool:
        """True if some query may have no key to attend to, or is_causal is given: traits differ."""
        case = self.evidence.case
        for name, option in case.options.items():
            if name in ("is_causal", "window") and option:
                return True
            if name in MASKS and option is not None:
                seen = option if option.dtype == bool else ~np.isneginf(option)
                if not seen.any(-1).all():
                    return True
        return any(not a.size or np.isneginf(a).any() for a in case.arrays.values())

    @cached_property
    def is_lost(self) -> bool:
        """True if it is wrong by NaN alone, where the call has a NaN or an infinity."""
        e = self.evidence
        given = (*e.case.arrays.values(), *e.case.cotangents.values())
        return any(not np.isfinite(a).all() for a in given) and all(
            bool(np.isnan(e.observed[n][places]).all()) for n, places in e.wrong.items()
        )

    def has_other_values(self, changes: tuple[Change, ...]) -> bool:
        """Return True if the changes give other values to the call, whatever its gradients are."""
        case = self.evidence.case
        try:
            truth = plain(self.subject, None, case, vjp=False)
            values = plain(*together(self.subject, changes, vjp=False), case, vjp=False)
        except Exception:
            return True
        due = {name: exactly(value) for name, value in truth.items()}
        return differ(values, due, self.subject.dtype)

    def is_altered(self, changes: tuple[Change, ...]) -> bool:
        """Return True if the changes make a difference to this call.

        Where the derivative of a changed function does not exist, an implementation may have any.
        """
        e = self.evidence
        derived = e.vjp and any(c.misreading and c.misreading.differentiated for c in changes)
        try:
            values = plain(*self.together(changes), e.case, vjp=e.vjp)
        except Exception:
            return True
        return differ(values, e.nearly, self.subject.dtype, nan=not derived)
