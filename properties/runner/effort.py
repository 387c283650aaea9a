"""Profiles, the effort and the limits that the command line asks for; words that it refuses."""

import hypothesis
import pytest

from seqlaws.properties.discovery.traits import nearest
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.reporting.annotations import is_on_github
from seqlaws.properties.runner.examine import Effort

PROFILES = {"quick": 10, "nightly": 1000}


def register_profiles() -> None:
    """`quick` and `nightly` for --hypothesis-profile, unless the project has its own."""
    for name, examples in PROFILES.items():
        try:
            hypothesis.settings.get_profile(name)
        except hypothesis.errors.InvalidArgument:
            hypothesis.settings.register_profile(name, max_examples=examples)


def limits_of(config: pytest.Config) -> Limits | None:
    """Return the limits of `--isolate`; None if an implementation runs in this process."""
    if not config.getoption("isolate"):
        return None
    return Limits(config.getoption("isolate_seconds"), config.getoption("isolate_memory"))


def is_strict(config: pytest.Config) -> bool:
    """Return True if a failed SHOULD law fails the run: by our option, or by pytest's own."""
    return bool(config.getoption("seqlaws_strict")) or "--strict" in config.invocation_params.args


def shows_all(config: pytest.Config) -> bool:
    """Return True if a run shows more of failed SHOULD laws than how many there are."""
    names = ("all_failures", "verdict_json", "report", "strict_section")
    asked = any(config.getoption(name) for name in names)
    return asked or is_strict(config) or config.get_verbosity() > 0 or is_on_github()


def effort_of(config: pytest.Config) -> Effort:
    """Return the effort of the Hypothesis profile and the seed options."""
    seed, profile = config.getoption("seqlaws_seed"), config.getoption("--hypothesis-profile", None)
    given = config.getoption("--hypothesis-seed", None) if seed is None else seed
    return Effort(
        seed=int(given) if str(given).isdigit() else 0,
        examples=hypothesis.settings().max_examples,
        least=3 if profile == "quick" else 1,
        shrinking={"quick": 0.5, "nightly": 10.0}.get(str(profile), 1.0),
        target=profile == "nightly",
        follows=bool(config.getoption("unexecuted")) or profile == "nightly",
        knows=bool(config.getoption("all_failures")),
        shows=shows_all(config),
        measures=bool(config.getoption("verdict_json") or config.getoption("report")),
        profile=str(profile or ""),
    )


def refuse(option: str, given: list[str], known: tuple[str, ...]) -> None:
    """UsageError for a word that an option does not know."""
    for word in given:
        if word not in known:
            raise pytest.UsageError(f"{option} {word}: unknown{nearest(word, list(known))}")
