"""Ask for verdicts on the device `standin`; prints them as JSON. Runs where torch has the device.

python asking.py '[["name in subjects.py", "law", "isolated" | "here" | "object"], ...]'
"""

import json
import math
import os
import sys
import time
from pathlib import Path

from seqlaws.properties.checking import settled
from seqlaws.properties.discovery import loader
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import Candidate, register_laws

SUBJECTS = Path(__file__).with_name("subjects.py")
EFFORT = Effort(examples=20, shrinking=0.3, explains=False)


def process_of(place):
    """The number of the process that it is called in; 0 once that is over."""
    if not isinstance(place, Contained):
        return os.getpid()
    return place.process.number if place.process else 0


def place_of(spec, how):
    """The subject in a process of its own, in this one, or as `check` has an object."""
    if how == "isolated":
        return Contained(spec, Limits())
    found = loader.find(spec)
    if how == "here":
        return found
    return settled(found, "<object>", "standin", Limits(), math.inf)


def main():
    specification_server.start()
    register_laws()
    places, answers = {}, []
    for name, law, how in json.loads(sys.argv[1]):
        spec = f"{SUBJECTS}:{name}"
        if (spec, how) not in places:
            places[spec, how] = place_of(spec, how)
        place, started = places[spec, how], time.perf_counter()
        candidate = Candidate(spec, name, place, "softmax", "float32", "standin", EFFORT)
        verdict = candidate.verdict(LAWS[law])
        told = {n: getattr(verdict, n) for n in ("status", "reason", "examples", "level")}
        told |= {"process": process_of(place)}
        answers.append(told | {"seconds": time.perf_counter() - started})
    print(json.dumps(answers))
    for place in places.values():
        if isinstance(place, Contained):
            place.end()


main()
