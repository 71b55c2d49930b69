"""Do the pages tell who wrote a text? What a bot was sent is compared, human against model; every difference is told.

The bot walks a copy in which every text has the same words, so that whatever still differs is the page's. Pages are
compared twice. *Exchanged*: the page of one trial is fetched with the human and with the model's version in turns; all
bytes must be the same but for marks that are drawn anew for every answer. *As dealt*: pages at the same place of
different participants must be the same, and no address, header, cookie or word may go with the source or name an arm.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from studyapp.domain.launch_facts import Finding, Level

LEAST_SPLITS = 2  # places at which pages must part by source before it is called a leak, and no accident
CONTEXT = 40  # characters that are shown around a difference
Place = tuple[str, int, int]


@dataclass(frozen=True)
class Sent:
    """One answer of the site. `place` is where in the way it was sent: the step, the position, and the how manieth.

    `source` is of the text that it shows (of a pair: of the first), empty where it shows none. What is drawn anew for
    every answer (tokens, codes, nonces) and the titles are masked by whoever collects; `size` is of the real bytes.
    """

    place: Place
    source: str
    arm: str
    url: str
    headers: tuple[str, ...]
    cookies: tuple[str, ...]
    body: str
    size: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Exchange:
    """One trial's page, fetched with either source in turns."""

    trial: str
    sent: tuple[Sent, ...]

    def of(self, source: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.source == source]


ASPECTS: dict[str, Callable[[Sent], str]] = {
    "Addresses": lambda sent: sent.url,
    "Headers": lambda sent: "\n".join(sent.headers),
    "Cookies": lambda sent: "\n".join(sent.cookies),
    "Pages": lambda sent: sent.body,
}


def audit_exchanges(exchanges: Sequence[Exchange]) -> list[Finding]:
    """A finding for each aspect of a page that changes with the source, and for each that does not."""
    findings = []
    for name, read in {**ASPECTS, "Sizes": _read_size}.items():
        told = [
            difference
            for exchange in exchanges
            if (difference := find_difference(*([read(sent) for sent in exchange.of(s)] for s in ("human", "model"))))
        ]
        n = len(exchanges)
        if told:
            words = f"{len(told)} of {n} pages change with the source of their text: {told[0]}"
            findings.append(Finding("refuse", name, f"{words}."))
        else:
            findings.append(Finding("pass", name, f"The same whoever wrote the text, on {n} pages fetched both ways."))
    return findings


def _read_size(sent: Sent) -> str:
    return str(sent.size)


def find_difference(human: Sequence[str], model: Sequence[str]) -> str:
    """Where the two differ in what each has at every fetch; "" where they do not."""
    if not human or not model or set(human) & set(model):
        return ""
    of_human, of_model = ([re.findall(r"\w+|\W", text) for text in texts] for texts in (human, model))
    lengths = {len(words) for words in of_human}, {len(words) for words in of_model}
    if lengths[0] == lengths[1] and len(lengths[0]) == 1:
        for number, (one, other) in enumerate(
            zip(zip(*of_human, strict=True), zip(*of_model, strict=True), strict=True)
        ):
            if len(set(one)) == len(set(other)) == 1 and one[0] != other[0]:
                return _show(of_human[0], of_model[0], number)
        return ""
    if lengths[0] & lengths[1]:
        return ""  # it comes and goes with either
    pairs = zip(of_human[0], of_model[0], strict=False)
    number = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(of_human[0]), len(of_model[0])))
    return _show(of_human[0], of_model[0], number)


def _show(human: Sequence[str], model: Sequence[str], number: int) -> str:
    """What stands there with either source."""
    begin = "".join(human[:number])[-CONTEXT // 2 :]
    shown = (" ".join((begin + "".join(words[number:])[:CONTEXT]).split()) for words in (human, model))
    return "“{}” with the human text, “{}” with the model's".format(*shown)


def audit_walk(sent: Sequence[Sent]) -> list[Finding]:
    """A finding for each aspect that parts the pages as they were dealt, by source or by arm."""
    findings = []
    for name, read in ASPECTS.items():
        variants: dict[Place, dict[str, list[Sent]]] = {}
        for answer in sent:
            variants.setdefault(answer.place, {}).setdefault(re.sub(r"\d+", "#", read(answer)), []).append(answer)
        differing = {place: by_words for place, by_words in variants.items() if len(by_words) > 1}
        if not differing:
            findings.append(
                Finding("pass", name, f"The same for every participant, at {len(variants)} places of the way.")
            )
            continue
        level, who = _find_who(differing)
        step, position, _ = next(iter(differing))
        one, other = list(next(iter(differing.values())))[:2]
        at = f"{step} {position}" if position else step
        words = f"differ {who} at {len(differing)} of {len(variants)} places of the way, first at {at}"
        findings.append(Finding(level, name, f"They {words}: {_show_two(one, other)}."))
    return findings


def _find_who(variants: Mapping[Place, Mapping[str, Sequence[Sent]]]) -> tuple[Level, str]:
    if _is_parted(variants, lambda sent: sent.source):
        return "refuse", "with the source of the text"
    if _is_parted(variants, lambda sent: sent.arm):
        return "refuse", "with the arm"
    return "warn", "between participants, though neither by source nor by arm,"


def _is_parted(variants: Mapping[Place, Mapping[str, Sequence[Sent]]], label: Callable[[Sent], str]) -> bool:
    """Whether, of places at which pages differ, what is read goes with the label wherever two labels are seen."""
    parted = 0
    for by_words in variants.values():
        owners: dict[str, set[str]] = {}
        for words, answers in by_words.items():
            for answer in answers:
                owners.setdefault(label(answer), set()).add(words)
        sets = [found for owner, found in owners.items() if owner]
        if len(sets) < 2:
            continue
        if len(set.union(*sets)) < sum(map(len, sets)):
            return False
        parted += 1
    return parted >= LEAST_SPLITS


def _show_two(one: str, other: str) -> str:
    number = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    shown = (" ".join(text[max(0, number - CONTEXT // 2) : number + CONTEXT].split()) for text in (one, other))
    return "“{}” and “{}”".format(*shown)


def audit_words(sent: Sequence[Sent], *, names: Mapping[str, Iterable[str]], secrets: Iterable[str]) -> list[Finding]:
    """Whether a page holds an arm's name (`names`, by arm) or what names a text (`secrets`: codes and seeds).

    A name that stands on the pages of every arm tells no arm from another: it is the page's own word. With a single arm
    that cannot be known, so it is a warning.
    """
    read = {arm: [_read_all(answer) for answer in sent if answer.arm == arm] for arm in names}
    findings = []
    for arm, words in names.items():
        for word in sorted({word for word in words if word.strip()}):
            seen = {other: sum(_holds(page, word) for page in pages) for other, pages in read.items()}
            if not seen[arm] or (len(names) > 1 and all(seen.values())):
                continue
            level: Level = "warn" if len(names) == 1 else "refuse"
            findings.append(Finding(level, "Words", f"{seen[arm]} pages of the arm {arm!r} hold its name, “{word}”."))
    pages = [page for pages in read.values() for page in pages]
    findings += [
        Finding("refuse", "Words", f"A page names a text or the seed that made it: “{secret}”.")
        for secret in sorted(set(secrets))
        if any(_holds(page, secret) for page in pages)
    ]
    return findings or [Finding("pass", "Words", f"No arm, model, seed or text is named, on {len(pages)} pages.")]


def _read_all(answer: Sent) -> str:
    """All of an answer but the names of tags and attributes, which are the page's own."""
    values = re.sub(r"</?[a-zA-Z][\w-]*|[\w-]+(?==\")", " ", answer.body)
    headers = (line.partition(":")[2] for line in answer.headers)
    return "\n".join((answer.url, *headers, *answer.cookies, values)).casefold()


def _holds(page: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word.casefold())}(?![\w-])", page) is not None
