"""`laws_of`: one pytest test for each law, in your own test file.

from seqlaws.properties import laws_of
import my_kernels

test_laws = laws_of(my_kernels, known_failures={"softmax.nan_shows": "issue 12"})
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from seqlaws.properties.backends import side_effects
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.known_failures import has_to_fail, is_about
from seqlaws.properties.discovery.traits import DTYPES, known_failures_of, nearest
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.environment import let_waiting_threads_sleep
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.laws import LAWS, Law, decide
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import file_of
from seqlaws.properties.runner.effort import effort_of, limits_of
from seqlaws.properties.runner.known_failures import PASSED
from seqlaws.properties.runner.pairing import Candidate, register_laws
from seqlaws.properties.runner.selection import candidates_of, known_words


@dataclass(frozen=True)
class Put:
    """A law and the candidate that it is run on."""

    law: Law
    candidate: Candidate

    @property
    def id(self) -> str:
        return f"{self.candidate.operation}-{self.candidate.dtype}-{self.law.name}"

    def is_named(self, key: str) -> bool:
        """Return True if a key of `known_failures` matches the law and its candidate."""
        put = self.candidate
        return is_about(key, put.operation, self.law.name, put.dtype, put.device)


def laws_of(
    implementation: Any,
    operations: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    known_failures: Mapping[str, str] | None = None,
    spec: Any = None,
) -> Callable[..., None]:
    """Return a test, parametrized by operation, dtype and law.

    implementation: a module, a class, an object, or a text as for `--impl`. known_failures:
    {"[operation.]law[[dtype]]": reason}; a key that names a single test is an error if that test
    passes. spec: a file with operations of your own, its module, or a function with `@operation`.
    Raises ValueError for an unknown operation, dtype or law, and for a spec that cannot be used.
    """
    own = [] if spec is None else specification_server.add(file_of(spec))
    chosen = known_words("operation", operations, tuple(OPERATIONS)) or own
    wanted = known_words("dtype", dtypes, DTYPES)
    let_waiting_threads_sleep()
    specification_server.start()
    side_effects.remember()
    found_as = loader.spec_of(implementation)
    if isinstance(implementation, (str, Path)):
        try:
            implementation = loader.find(found_as)
        except loader.MissingDependencyError as error:
            return not_run(str(error))
    elif inspect.isclass(implementation):
        implementation = implementation()
    loader.refuse_unusable(found_as, implementation)
    known = known_failures_of({"known_failures": known_failures or {}})
    puts = all_of(implementation, found_as, chosen or list(OPERATIONS), wanted or list(DTYPES))
    puts = [replace(p, candidate=replace(p.candidate, known_failures=known)) for p in puts]
    known = {**known_failures_of(getattr(implementation, "TRAITS", {})), **known}
    single = {named[0] for key in known if len(named := named_by(key, puts)) == 1}

    @cache
    def place(limits: Limits | None) -> Any:
        return implementation if limits is None else Contained(found_as, limits)

    @pytest.mark.parametrize("law", puts, ids=[put.id for put in puts])
    def test(law: Put, request: pytest.FixtureRequest, record_property: Any) -> None:
        limits = limits_of(request.config) if loader.is_named(found_as) else None
        effort = effort_of(request.config)
        candidate = replace(law.candidate, effort=effort, namespace=place(limits))
        verdict = candidate.verdict(law.law)
        decide(verdict, record_property)
        if verdict.status == "passed" and law.id in single:
            pytest.fail(f"it {PASSED}", pytrace=False)

    return test


def not_run(reason: str) -> Callable[..., None]:
    """Return a test that is skipped with the reason."""

    def test() -> None:
        pytest.skip(f"not run: {reason}")

    return test


def all_of(implementation: Any, spec: str, operations: list[str], dtypes: list[str]) -> list[Put]:
    """Return every law of the offered operations, in the declared dtypes."""
    register_laws()
    return [
        Put(law, candidate)
        for candidate in candidates_of(spec, spec, implementation, operations, dtypes)
        if not candidate.not_offered
        for law in LAWS.values()
        if candidate.is_put_to(law)
    ]


def named_by(key: str, puts: list[Put]) -> list[str]:
    """Return the tests that a key of `known_failures` names. Raises ValueError if there is none."""
    named = [put.id for put in puts if put.is_named(key)]
    if not named:
        known = list(dict.fromkeys(f"{p.candidate.operation}.{p.law.name}" for p in puts))
        raise ValueError(f"known_failures names no law {key!r}{nearest(key, known)}")
    return named if has_to_fail(key) else []
