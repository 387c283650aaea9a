"""The changes of the specification that explain wrong answers together.

Each law that failed left some answers. The implementation is taken to be the specification with a
few changes. The first is the one that explains most laws, by itself or beside those that are
already found; the next explains most of what is left. A change that another wrong answer
contradicts is not named.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from seqlaws.properties.diagnosis.changes import Answer, Change
from seqlaws.properties.diagnosis.evidence import NEAR, effort
from seqlaws.properties.diagnosis.nearness import alters, contradictions, distinct, nearest, varied
from seqlaws.properties.diagnosis.solution import Budget, Changes, Failed, Solution

FIRST, LOOKS = 3, 6  # answers by which changes are screened, after one
POOL, TRIED = 60, 12  # changes left after some answers, and in the end
TURNS = 2  # answers that may be the first
SURE = 3  # answers that are explained beyond doubt, so many count; a rich one for two
LAWS, RIGHT, WRONG = 8, 8, 8  # failed laws at a time, right and wrong answers beside
BESIDE = 4  # changes beside which every other is tried
NAMED = 3  # changes that explain equally well
AT_MOST = 6  # changes of one operation
STRONG = 3  # so many explained answers outweigh one that contradicts


class Solver:
    """Searches for the changes, within the budget. pairs: also where no single one explains."""

    def __init__(self, changes: list[Change], budget: Budget, *, pairs: bool) -> None:
        self.changes, self.budget, self.pairs = changes, budget, pairs
        self.found = Solution()

    @property
    def is_over(self) -> bool:
        """True if the time is over."""
        return self.budget.left < 0

    def solve(
        self, failed: list[Failed], others: list[Answer], before: Solution, beginnings: int
    ) -> Solution:
        """Explain as many as possible, beginning with what was found before.

        others: further answers of the implementation. What explains most at first may not be right:
        some others are tried in its place, so many beginnings in all, until all is explained.
        """
        wrong = [a for a in others if a.evidence.is_wrong][-WRONG:]
        right = [a for a in others if not a.evidence.is_wrong][:RIGHT]
        best, begun = before, list[Change]()
        while len(begun) < beginnings and not self.is_over:
            again = best if best is before and not begun else Solution(known=best.known)
            self.found = again.copied()
            self.extend(failed, wrong, right, begun)
            if not self.found.changes:
                break
            begun.append(self.found.changes[0].origin)
            self.drop_contradicted(failed, wrong)
            self.drop_needless(failed)
            if not best.changes or self.found.worth(failed, wrong) < best.worth(failed, wrong):
                best = self.found
            if best.is_whole(failed, wrong):
                break
        return best

    def extend(
        self, failed: list[Failed], wrong: list[Answer], right: list[Answer], begun: list[Change]
    ) -> None:
        """One change after the other; the first is none of those that were tried as such."""
        while len(self.found.changes) < AT_MOST and not self.is_over:
            left = [f for f in failed if f.answers and not f.is_explained(self.found)][:LAWS]
            astray = [a for a in wrong if not self.found.explains(a)]
            if not left:
                break
            best = self.best(left, astray, right, () if self.found.changes else begun)
            if best is not None:
                change, alike = best
                self.found.changes.append(change)
                self.found.alike[change] = alike
                continue
            pair = self.pair(left) if self.pairs and not self.found.changes else ()
            if not pair:
                break
            self.found.changes += pair

    def formed(self, change: Change, wrong: list[Answer], right: list[Answer]) -> Change:
        """The change with the gradients that explain most answers.

        They are those of its own vjp, the derivatives of what is changed, those of unchanged
        formulas on changed intermediates, or not changed at all.
        """
        back = [
            a
            for some in (wrong, right)
            for a in sorted((a for a in some if a.evidence.vjp), key=lambda a: effort(a.evidence))[
                :2
            ]
        ]
        own = all(a.subject.vjp_function for a in back)
        by_hand = (change.in_intermediates, change.in_values) if own else ()
        forms = (change, change.differentiated, *by_hand)
        best, most = change, -1
        for form in dict.fromkeys(forms if back else ()):
            told = sum(self.found.explains(a, form) for a in back)
            if told > most:
                best, most = form, told
            if told == len(back):
                break
        return best

    def best(
        self,
        left: list[Failed],
        astray: list[Answer],
        right: list[Answer],
        begun: Sequence[Change],
    ) -> tuple[Change, list[Change]] | None:
        """The change that explains most of what is left, and those that explain as much.

        begun: what is passed over.
        """
        answers = distinct([a for f in left for a in f.answers] + astray)
        scores: dict[Change, tuple[int, ...]] = {}
        for turn in range(TURNS):
            if not scores:
                scores = self.scores(left, answers, right, begun, turn)
        if not scores:
            return None
        order = sorted(scores, key=lambda c: (scores[c], bool(c.misreading), self.place(c)))
        first = order[0]
        if scores[first][-1]:
            self.found.conditional.add(first)
        if first.traits:
            return first, []
        return first, [c for c in order[1:] if scores[c] == scores[first] and not c.traits]

    def scores(
        self,
        left: list[Failed],
        answers: list[Answer],
        right: list[Answer],
        begun: Sequence[Change],
        turn: int,
    ) -> dict[Change, tuple[int, ...]]:
        """The changes that explain some of what is left, with what speaks for each: least is best.

        What explains fewer values than another change comes last, whatever gradients it explains:
        a vjp of its own may have them in any way. The last number is that of right answers which
        refute it.
        """
        scores: dict[Change, tuple[int, ...]] = {}
        values: dict[Change, set[Answer]] = {}
        for known, laws in self.explaining(left, answers, right, begun, turn).items():
            change = self.formed(known, answers, right)
            told = [a for a in answers if self.found.explains(a, change)]
            against = contradictions(tuple(self.found.changes), change, told, answers)
            refuted = sum(not a.fits((*self.found.changes, change)) for a in right)
            sure = (a for a in told if self.found.explains(a, change, surely=True))
            needed = 2 if self.found.changes else 1
            sharp = sum(1 + a.evidence.is_rich for a in itertools.islice(sure, SURE))
            if sharp < needed:
                continue
            if "NaN" not in change.name and all(a.is_lost for a in told):
                continue  # nearly any change is as good an explanation
            by_chance = refuted and len(told) < 2 and len(answers) > 1
            if by_chance or against > len(told):  # another change may be in those, too
                continue
            worth = 2 * laws - against - min(refuted, laws)  # right answers count half
            worth += bool(change.traits)  # libraries are known to differ in them
            scores[change] = (-worth, -sharp, -len(told), refuted)
            values[change] = {a for a in told if not a.evidence.vjp and a.subject.vjp_function}
        return {c: (any(values[c] < more for more in values.values()), *scores[c]) for c in scores}

    def pair(self, left: list[Failed]) -> tuple[Change, ...]:
        """Two changes that explain most only together: both are at work in most calls."""
        answers = distinct(a for f in left for a in f.answers)
        best: tuple[int, Changes] = (0, ())
        firsts = [c for turn in range(TURNS) for c in self.screened(answers, BESIDE, turn)]
        for first in dict.fromkeys(firsts):
            rest = [a for a in answers if a.near((first,))[0] > NEAR]
            self.found.changes = [first]
            others = self.screened(rest, NAMED)
            self.found.changes = []
            for both in ((first, other) for other in others):
                told = sum(a.fits(both) for a in answers)
                sure = sum(a.is_explained(both) for a in answers)
                if sure > 1 and 2 * told > len(answers) and told > best[0]:
                    best = told, both
            if self.is_over or best[0] == len(answers):
                break
        return best[1]

    def explaining(
        self,
        left: list[Failed],
        answers: list[Answer],
        right: list[Answer],
        begun: Sequence[Change],
        turn: int,
    ) -> dict[Change, int]:
        """How many of the failed laws each change explains, where it is at least half the most.

        Beside one that explains all of them, only those count whose values are the same; a few that
        no right answer refutes are enough.
        """
        laws: dict[Change, int] = {}
        whole = 0
        of_laws = [a for f in left for a in f.answers]
        for change in self.screened(answers, turn=turn):
            if self.is_over or whole > NAMED:
                break
            if change.origin in begun or (
                len(left) in laws.values() and not self.is_near(change, of_laws)
            ):
                continue
            laws[change] = sum(f.is_explained(self.found, change) for f in left)
            whole += laws[change] == len(left) and self.is_near(change, right)
        most = max(laws.values(), default=0)
        return {change: n for change, n in laws.items() if n and 2 * n >= most}

    def is_near(self, change: Change, answers: list[Answer]) -> bool:
        """Return True if a change gives the values of all these answers."""
        base = tuple(self.found.changes)
        return all(nearest(a, base, change)[0] <= NEAR for a in answers)

    def place(self, change: Change) -> int:
        """Place of a change in the catalogue: the likelier ones come first."""
        return self.changes.index(change.origin if change.of in self.changes else change)

    def screened(self, answers: list[Answer], most: int = TRIED, turn: int = 0) -> list[Change]:
        """The changes that come nearest to some of the answers, the nearest first.

        Only one answer is looked at first, which some change must explain: of those that cost least
        a value, as gradients take longer; when it is its turn, a gradient. Where all answers are
        gradients, changes of the vjp alone have the first turn. Traits are few, and look at all.
        """
        looks = varied(sorted(answers, key=lambda a: (a.evidence.vjp, effort(a.evidence))))
        if turn:
            back = [a for a in looks if a.evidence.vjp != looks[0].evidence.vjp]
            looks = distinct([*back[:1], *looks[turn:], *looks])
        looks = looks[:LOOKS]
        taken = {c.origin for c in self.found.changes}
        settled = {place for c in self.found.changes for place in c.settles}
        pool = [c for c in self.changes if c.origin not in taken and not settled & c.settles]
        if not turn and all(a.evidence.vjp for a in answers):
            pool = [c for c in pool if c.gradients] or pool
        declared = [c for c in pool if c.traits]
        pool = self.nearest(pool, looks[:1])[:POOL]
        giving = sum(nearest(looks[0], tuple(self.found.changes), c)[0] <= NEAR for c in pool)
        if giving:  # the first ones give this answer
            pool = pool[: max(giving, most)]
        pool = self.nearest(distinct([*pool, *declared]), looks[:FIRST])[:POOL]
        ranked = self.nearest(distinct([*pool, *declared]), looks)
        return distinct([*ranked[:most], *(c for c in ranked if c.traits)])

    def nearest(self, pool: list[Change], looks: list[Answer]) -> list[Change]:
        """The changes of a pool that alter some answers, the nearest to some of them first.

        Nothing if the time is over before all are looked at: the right one may be among the rest.
        """
        base = tuple(self.found.changes)
        ranked = []
        for k, change in enumerate(pool):
            if self.is_over:
                return []
            if not any(alters(a, base, change) for a in looks):
                continue
            near = [nearest(a, base, change) for a in looks]
            hits = sum(furthest <= NEAR for furthest, _ in near)
            means = sorted(mean for _, mean in near if mean < np.inf)
            if means:
                ranked.append((-hits, sum(means[: max(1, len(means) // 2)]), k, change))
        return [change for *_, change in sorted(ranked)]

    def drop_contradicted(self, failed: list[Failed], wrong: list[Answer]) -> None:
        """Take back what the answers that are still wrong contradict."""
        every = distinct([a for f in failed for a in f.answers] + wrong)
        for change in list(self.found.changes):
            told = [a for a in every if self.found.does(a, (change,))]
            astray = [a for a in every if not self.found.explains(a)]
            others = tuple(c for c in self.found.changes if c is not change)
            against = contradictions(others, change, told, astray)
            if against * (1 if change.traits else STRONG) > len(told):
                self.found.changes.remove(change)

    def drop_needless(self, failed: list[Failed]) -> None:
        """Take back what explains no law that the others do not explain, too.

        What changes values has to explain some, beside a vjp of its own.
        """
        explained = [f for f in failed if f.answers and f.is_explained(self.found)]
        of_values = [f for f in explained if not f.is_of_own_gradients]
        for change in list(self.found.changes):
            changes = self.found.changes
            self.found.changes = [c for c in changes if c is not change]
            needing = explained if change.gradients or not of_values else of_values
            if not all(f.is_explained(self.found) for f in needing):
                self.found.changes = changes
