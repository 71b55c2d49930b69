"""Do the codes by which addresses name a trial tell anything? Each must be long, drawn at random, and one trial's."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from studyapp.domain.launch_facts import Finding

LEAST_LENGTH = 16  # characters of 0-9 and a-f, 64 bits: nobody guesses one
ALPHA = 0.001  # of luck, over all that is tried


@dataclass(frozen=True)
class TrialCode:
    """A trial's code beside what it must not tell."""

    code: str
    participant: str
    position: int
    source: str
    stimulus: str


def audit_codes(codes: Sequence[TrialCode]) -> list[Finding]:
    """What is wrong with the codes, in the order in which the trials were made."""
    findings = [Finding("refuse", "Codes", fault) for fault in (*_find_faults(codes), *_find_order(codes))]
    if findings:
        return findings
    words = f"{len(codes)} codes of trials are of their own, at random, and tell neither source nor order"
    return [Finding("pass", "Codes", f"{words}.")]


def _find_faults(codes: Sequence[TrialCode]) -> list[str]:
    faults = []
    if len({entry.code for entry in codes}) < len(codes):
        faults.append("Two trials share a code.")
    if short := [e.code for e in codes if len(e.code) < LEAST_LENGTH or not re.fullmatch(r"[0-9a-f]+", e.code)]:
        faults.append(f"{len(short)} codes are not at least {LEAST_LENGTH} random hexadecimal digits, as {short[0]!r}.")
    held = [e.code for e in codes if any(len(s) >= 4 and s in e.code for s in (e.stimulus, e.participant))]
    if held:
        faults.append(f"{len(held)} codes hold the code of their text or their participant, as {held[0]!r}.")
    return faults + _find_telling_places(codes)


def _find_telling_places(codes: Sequence[TrialCode]) -> list[str]:
    """A digit at a place of the code that goes with the source, by Fisher's exact test over all digits and places."""
    n_model = sum(entry.source == "model" for entry in codes)
    length = min((len(entry.code) for entry in codes), default=0)
    seen: dict[tuple[int, str], list[str]] = {}
    for entry in codes:
        for place in range(length):
            seen.setdefault((place, entry.code[place]), []).append(entry.source)
    for (place, digit), sources in seen.items():
        p = _fisher(sources.count("model"), len(sources), n_model, len(codes))
        if p * len(seen) < ALPHA:
            return [f"The digit {digit!r} at place {place + 1} of a code goes with the source of the text."]
    return []


def _fisher(hits: int, drawn: int, n_model: int, n: int) -> float:
    """The two-sided probability of so many model texts among those drawn (Fisher's exact test)."""
    low, high = max(0, drawn + n_model - n), min(drawn, n_model)
    weights = {k: math.comb(n_model, k) * math.comb(n - n_model, drawn - k) for k in range(low, high + 1)}
    return sum(w for w in weights.values() if w <= weights[hits]) / sum(weights.values())


def _find_order(codes: Sequence[TrialCode]) -> list[str]:
    """Codes that rise or fall with the order in which trials were made, by Kendall's tau."""
    if len(codes) < 4:
        return []
    values = [entry.code for entry in codes]
    n = len(values)
    concordant = sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])
    z = concordant / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    if math.erfc(abs(z) / math.sqrt(2)) < ALPHA:
        return ["The codes follow the order in which the trials were made."]
    return []
