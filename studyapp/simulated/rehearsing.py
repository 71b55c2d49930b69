"""A dress rehearsal from the copy to the verdict: the whole line behind launch, on the real pages.

Arrivals come in waves. After each, those who dropped out have been silent for longer than the study allows, as if that
time had passed, and others take their places, until every cell is full. Then the copy is closed, its bundle exported,
its report written, and what was planted is compared with what the report found.
"""

import itertools
import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from studyapp.actions import rehearsal as actions
from studyapp.actions.export import export_study, request_report
from studyapp.actions.launch import close_study
from studyapp.actions.participation import free_places
from studyapp.actions.places import count_cells
from studyapp.database.outlasting import drop_connection, is_away
from studyapp.domain.rehearsal_cast import read_cast
from studyapp.domain.rehearsal_verdict import judge_rehearsal
from studyapp.models import Export, Rehearsal, Study
from studyapp.simulated.crowd import Crowd, CrowdOutcome, find_latest_time, find_unfinished, list_numbers, send_crowd
from studyapp.simulated.local_site import serve_site
from studyapp.simulated.planted import describe_kinds, describe_times, gather_plant

logger = logging.getLogger(__name__)
MOST_WAVES = 30
Progress = Callable[[int, int], None]


class RehearsalFailedError(RuntimeError):
    """The rehearsal came to no end; the message says where it stopped."""


def carry_rehearsal_out(
    rehearsal_id: int,
    *,
    write_report: Callable[[int], None],
    url: str | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Carry a wanted rehearsal out and store its verdict; what goes wrong is named on its row.

    Where the database goes away, the row is left as it is: it is sent again once it has been silent for long enough.
    `url` is where the site answers; without it, this process serves the site to itself. `write_report` writes the
    report of the export with that id.
    """
    try:
        rehearsal = actions.begin_rehearsal(rehearsal_id, now=timezone.now())
        if rehearsal is None:
            return
        with nullcontext(url) if url else serve_site() as address:
            verdict = _rehearse(rehearsal, url=address, write_report=write_report, on_progress=on_progress)
    except actions.RehearsalRefusedError as error:
        actions.fail_rehearsal(rehearsal_id, error=str(error), now=timezone.now())
    except Exception as error:
        if is_away(error):
            logger.warning("rehearsal %s waits for the database: %s", rehearsal_id, error)
            drop_connection()
            return
        logger.exception("rehearsal %s failed", rehearsal_id)
        actions.fail_rehearsal(rehearsal_id, error=f"{type(error).__name__}: {error}", now=timezone.now())
    else:
        actions.finish_rehearsal(rehearsal_id, verdict=verdict, now=timezone.now())


def _rehearse(
    rehearsal: Rehearsal, *, url: str, write_report: Callable[[int], None], on_progress: Progress | None
) -> dict[str, Any]:
    study = rehearsal.copy
    crowd = Crowd(study=study, url=url, seed=rehearsal.seed, cast=read_cast(rehearsal.parameters))
    n_items = study.items_read

    def tell(done: int) -> None:
        actions.record_rehearsal_progress(rehearsal.pk, done=min(done, rehearsal.total), now=timezone.now())
        if on_progress:
            on_progress(min(done, rehearsal.total), rehearsal.total)

    outcome = fill_cells(crowd, n_items=n_items, on_done=tell)
    ended_at = find_latest_time(study)
    close_study(study, now=ended_at)
    export = export_study(study, folder=settings.EXPORTS_DIR, now=ended_at)
    results = _write_results(export, write_report=write_report)
    verdict = judge_rehearsal(gather_plant(crowd, n_items=n_items), results).describe()
    return {
        **verdict,
        "arms": [
            {key: arm[key] for key in ("arm", "label", "n_params", "is_control", "accuracy", "ci_low", "ci_high")}
            for arm in results["arms"]
        ],
        "kinds": describe_kinds(crowd, n_items=n_items),
        "times": describe_times(study, outcome.page_seconds),
        "export": export.pk,
    }


def fill_cells(crowd: Crowd, *, n_items: int, on_done: Callable[[int], None] | None = None) -> CrowdOutcome:
    """Send participants until every cell is full, and go on with those who were cut off; what they came to.

    Raises:
        RehearsalFailedError: the cells do not fill.
    """
    total = CrowdOutcome()
    for _ in range(MOST_WAVES):
        places = sum(cell.target - cell.occupied for cell in count_cells(crowd.study))
        known = set(list_numbers(crowd.study))
        fresh = itertools.islice((number for number in itertools.count(1) if number not in known), places)
        numbers = [*find_unfinished(crowd, sorted(known), n_items=n_items), *fresh]
        if not numbers:
            return total
        before = total.sent
        wave = send_crowd(
            crowd, numbers, n_items=n_items, on_done=(lambda n, b=before: on_done(b + n)) if on_done else None
        )
        total.sent += wave.sent
        total.page_seconds += wave.page_seconds
        _let_time_pass(crowd.study)
    raise RehearsalFailedError(f"After {MOST_WAVES} waves of arrivals the cells were still not full.")


def _let_time_pass(study: Study) -> None:
    """As if time had gone by: everybody still at work has dropped out, and every place that is given back is free."""
    dropped_out = find_latest_time(study) + timedelta(minutes=study.dropout_minutes + 1)
    free_places(study, now=dropped_out)
    free_places(study, now=dropped_out + timedelta(minutes=study.give_back_after_minutes + 1))


def _write_results(export: Export, *, write_report: Callable[[int], None]) -> dict[str, Any]:
    request_report(export, now=timezone.now())
    write_report(export.pk)
    export.refresh_from_db()
    if export.report_state != Export.ReportState.DONE:
        raise RehearsalFailedError(f"The report failed: {export.report_error}")
    return json.loads((export.report_dir / "results.json").read_text(encoding="utf-8"))
