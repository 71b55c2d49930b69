"""`python -m tests.fuzz [--inputs 100000] [--seed 1] [--door NAME]`: exits 1 when a fault or a partial write was found."""

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings
from django.db import transaction
from django.test.utils import get_runner, override_settings, setup_test_environment

from tests.fuzz.feeding import Tally, feed_many

ROUND = 500  # inputs after which the run says how far it is, and what it has found


def fuzz(folder: Path, *, inputs: int, seed: int, only: str = "") -> Tally:
    """Feed every door its share of the inputs, inside a transaction that is rolled back."""
    from tests.fuzz.doors import SECRET, Ways

    folders = (
        "EXPORTS_DIR",
        "REPORTS_DIR",
        "MODELS_DIR",
        "HUGGING_FACE_CACHE",
        "HELD_UPLOADS_DIR",
        "CORPORA_DIR",
        "TRAINING_DIR",
    )
    changed = {name: folder / name.lower() for name in folders}
    tally = Tally()
    with override_settings(**changed, PROLIFIC_WEBHOOK_SECRET=SECRET), transaction.atomic():
        doors = [door for door in Ways(folder).list_doors() if only in door.name]
        whole, rounds = sum(door.share for door in doors), max(1, inputs // ROUND)
        for number in range(rounds):
            for place, door in enumerate(doors):
                n = max(1, round(inputs * door.share / whole / rounds))
                feed_many(door, n, tally, start=seed + 1_000_000 * (len(doors) * number + place))
            found = tally.faults or tally.partial
            print(tally if found else tally.describe(), file=sys.stderr, flush=True)
        transaction.set_rollback(True)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed bad input to every way in.")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", default="", help="only doors whose name holds this")
    said = parser.parse_args()
    logging.disable(logging.CRITICAL)
    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        with tempfile.TemporaryDirectory() as folder:
            tally = fuzz(Path(folder), inputs=said.inputs, seed=said.seed, only=said.door)
    finally:
        runner.teardown_databases(databases)
    print(tally)
    return 1 if tally.faults or tally.partial else 0


if __name__ == "__main__":
    sys.exit(main())
