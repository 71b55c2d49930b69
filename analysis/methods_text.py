"""The methods of a study as a paragraph for a paper, from its frozen design and the analysis that was run.

Only what the bundle says is said: a bundle of the three tables alone gets fewer sentences, not guessed ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import polars as pl

from analysis import methods_numbers
from analysis.sections import Section
from analysis.study import Study
from analysis.wording import size

PLATFORMS = {
    "prolific": "Prolific", "connect": "CloudResearch Connect", "sona": "SONA", "mturk": "Amazon Mechanical Turk",
    "panel": "a panel of another provider", "personal": "personal links",
}  # fmt: skip
MODEL = (
    "The primary model is a probit mixed model of “machine” on the text’s source, the arm and their product, with "
    "random intercepts and slopes for participants and random intercepts for titles and texts, fitted by Laplace’s "
    "approximation (signal detection: the coefficients of the source are d′)."
)
MODEL_OF_PAIRS = (
    "The primary model is a probit mixed model of a right choice on the arm, with random intercepts for participants, "
    "titles and texts, fitted by Laplace’s approximation (d′ is √2 times an arm’s intercept)."
)
ANALYSES = {
    "equivalence": (
        "Equivalence to chance was tested by two one-sided t tests at ±5 percentage points (and at ±3 and ±10) with "
        "standard errors clustered by participant and by text; tests of a difference from chance and of equivalence "
        "were each adjusted by Holm’s method over the arms."
    ),
    "size_curve": (
        "The trend of d′ over log₁₀ size, the one test that was declared for it, is a random-effects meta-regression "
        "over the models (REML, Knapp and Hartung’s t)."
    ),
    "intervals": (
        "Accuracies have two-way clustered standard errors, checked against a product-weight bootstrap over "
        "participants and titles."
    ),
    "signal_detection": (
        "Hit and false-alarm rates were corrected log-linearly; areas under the curve have Obuchowski and Rockette’s "
        "variance over participants and texts."
    ),
}


def write_methods(study: Study, sections: Sequence[Section]) -> dict[str, str]:
    """The paragraphs by heading: participants, materials, design, exclusions, analysis."""
    design = study.bundle.manifest.get("design")
    known = design if isinstance(design, Mapping) else {}
    return {
        "Participants": " ".join([*_tell_people(study, known), *_tell_found(sections, methods_numbers.PEOPLE)]),
        "Materials": " ".join(_tell_materials(study, known)),
        "Design and procedure": " ".join(_tell_design(study, known)),
        "Exclusions": " ".join([*_tell_exclusions(study, known), *_tell_found(sections, methods_numbers.EXCLUSIONS)]),
        "Analysis": " ".join(_tell_analysis(study, sections)),
    }


def format_markdown(methods: Mapping[str, str], *, title: str, marks: Sequence[str]) -> str:
    """methods.md."""
    parts = [f"# Methods: {' '.join(title.split())}", *(f"**{mark}.**" for mark in marks)]
    parts += [f"## {heading}\n\n{text}" for heading, text in methods.items()]
    return "\n\n".join(parts) + "\n"


def _tell_people(study: Study, design: Mapping[str, Any]) -> Iterator[str]:
    flows = [arm.flow for arm in study.answer.arms]
    recruited, analysed = sum(flow.recruited for flow in flows), sum(flow.analysed for flow in flows)
    simulated = study.bundle.participants["simulated"].fill_null(value=False).any()
    kind = "simulated participant" if simulated or study.bundle.manifest.get("simulated") else "participant"
    recruitment = read_part(design, "recruitment")
    source = PLATFORMS.get(str(recruitment.get("platform")))
    through = f", recruited through {source}" if source else ""
    yield f"{recruited:,} {kind}{'' if recruited == 1 else 's'} took part{through}; {_count(analysed)} analysed."
    if recruitment.get("reward"):
        minutes = recruitment.get("estimated_minutes")
        yield f"They were paid {recruitment['reward']}{f' for an estimated {minutes} minutes' if minutes else ''}."
    times = study.bundle.participants["enrolled_at"].cast(pl.String).drop_nulls()
    if len(times):
        first, last = str(times.min())[:10], str(times.max())[:10]
        yield f"They enrolled on {first}." if first == last else f"They enrolled from {first} to {last}."
    if read_part(design, "texts").get("consent"):
        yield "Everybody consented before the first text."


def _tell_materials(study: Study, design: Mapping[str, Any]) -> Iterator[str]:
    titles = study.bundle.trials["item"].n_unique()
    models = [row for row in study.bundle.arms.iter_rows(named=True) if not row["is_control"]]
    sizes = [row["n_params"] for row in models if row["n_params"]]
    span = f" of {size(min(sizes))} to {size(max(sizes))} parameters" if len(sizes) > 1 else ""
    stories = "story" if titles == 1 else "stories"
    yield (
        f"The materials were {titles} news {stories}, each in a version written by people and in one by each of "
        f"{len(models)} language model{'' if len(models) == 1 else 's'}{span}"
        f"{' and of a control model whose texts are meant to be recognised' if study.control else ''}."
    )
    if candidates := read_part(design, "articles").get("candidates"):
        yield f"Of {candidates} texts that a model wrote for a title, one was chosen by a rule set beforehand."
    if rules := read_part(design, "normalisation").get("rules"):
        named = ", ".join(str(rule).replace("_", " ") for rule in rules)
        yield f"Human and model texts were levelled by the same rules ({named})."
    if study.bundle.manifest.get("stand_in_articles"):
        yield "The “human” versions were fictional and machine-written: a demonstration, not a study."


def _tell_design(study: Study, design: Mapping[str, Any]) -> Iterator[str]:
    per_person = study.bundle.trials.group_by("participant").len()["len"].to_list()
    shown = f"{median(per_person):.0f}" if per_person else "no"
    texts = "pairs of texts" if study.bundle.is_paired else "texts"
    arms = "There was one arm" if len(study.arms) == 1 else f"Each participant was given one of {len(study.arms)} arms"
    yield f"{arms}; a participant read {shown} {texts} (median)."
    if study.bundle.is_paired:
        yield "The two versions of a title stood side by side, half of them with the model’s first."
    elif study.bundle.trials["form"].drop_nulls().n_unique() > 1:
        yield "Two forms exchanged, over titles, which version was shown; the order was drawn for each participant."
    if question := str(read_part(design, "texts").get("question", "")).strip():
        yield f"The question was: “{' '.join(question.split())}”"
    yield (
        "Answers were given on five points: very likely human, more likely human, I don’t know, more likely machine, "
        "very likely machine."
    )
    if sha := study.bundle.manifest.get("design_sha256"):
        yield f"The design was frozen before the first participant (SHA-256 {sha})."
    if changes := study.bundle.manifest.get("deviations"):
        times = "one change was" if len(changes) == 1 else f"{len(changes)} changes were"
        yield f"While the study ran, {times} made to it; the report lists what, when and why."


def _tell_exclusions(study: Study, design: Mapping[str, Any]) -> Iterator[str]:
    flows = [arm.flow for arm in study.answer.arms]
    reasons: dict[str, int] = {}
    for flow in flows:
        for reason, n in flow.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + n
    rules = read_part(design, "checks").get("exclusion_rules") or []
    if rules:
        bounds = read_part(design, "exclusion")
        told = [_tell_rule(str(rule), bounds) for rule in rules]
        yield f"Rules of exclusion were set before the first participant: {', '.join(told)}."
    elif design:
        yield "No rule of exclusion was set."
    excluded = sum(flow.excluded for flow in flows)
    detail = ", ".join(f"{reason.replace('_', ' ')} {n}" for reason, n in sorted(reasons.items()))
    yield f"{_count(excluded).capitalize()} excluded{f' ({detail})' if detail else ''}."
    left = {name: sum(flow.by_status[name] for flow in flows) for name in ("dropped_out", "screened_out", "withdrawn")}
    yield f"{left['dropped_out']} dropped out, {left['screened_out']} were screened out, {left['withdrawn']} withdrew."


def _tell_analysis(study: Study, sections: Sequence[Section]) -> Iterator[str]:
    yield "Accuracy is the share of right answers among those that are not “I don’t know”, a mean over participants."
    yield (
        "Every model was compared with the control by Student’s t test on participants’ accuracies (pooled variance, "
        "two-sided; Holm’s adjustment over the arms), as in Brown et al. (2020, §3.9.4)."
        if study.control
        else "There was no control arm to compare with."
    )
    ran = {section.name for section in sections}
    ran -= {"signal_detection"} if study.bundle.is_paired else set()
    if "detection_model" in ran:
        yield MODEL_OF_PAIRS if study.bundle.is_paired else MODEL
    yield from (text for name, text in ANALYSES.items() if name in ran)
    yield from _tell_found(sections, methods_numbers.ANALYSES)
    version = study.bundle.manifest.get("software_version")
    software = f"Byline {version}" if version else "Byline"
    yield f"The analysis was carried out with {software} (Python, NumPy, SciPy), seed {study.seed}."


def _tell_found(sections: Sequence[Section], tellers: methods_numbers.Tellers) -> Iterator[str]:
    """What the sections that were run found, a sentence each."""
    results = {section.name: section.results for section in sections}
    for name, tell in tellers:
        if results.get(name) is not None and (told := tell(results[name])):
            yield told


def _count(n: int) -> str:
    return "nobody was" if n == 0 else "one was" if n == 1 else f"{n:,} were"


def _tell_rule(rule: str, bounds: Mapping[str, Any]) -> str:
    """A rule with the bounds that are its own; 0 is one that is not used."""
    own = {
        name.removeprefix(rule).strip("_"): value for name, value in bounds.items() if name.startswith(rule) and value
    }
    told = ", ".join(f"{name.replace('_', ' ')} {value}".strip() for name, value in own.items())
    return f"{rule.replace('_', ' ')}{f' ({told})' if told else ''}"


def read_part(design: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A table of the frozen design; empty where it has none."""
    part = design.get(name)
    return part if isinstance(part, Mapping) else {}
