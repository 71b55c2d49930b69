"""Every preset with real parts, small: its own file, simulated participants on its pages, the bundle, the report."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import load_study
from studyapp.models import Participant, Response, Trial
from studyapp.study_file import list_presets, parse_study_file
from tests.studyapp.study_rows import finish_jobs, launch, make_articles

pytestmark = pytest.mark.django_db(transaction=True)
STUDY = """
[study]
slug = "small"
title = "Who wrote this?"
preset = "{preset}"
[checks]
reveal_seconds = 0
exclusion_rules = []
[articles]
items = 4
context = 1
candidates = 2
"""


@pytest.fixture(params=list_presets())
def study(request):
    refs = make_articles(5)
    study, _ = load_study(
        parse_study_file(STUDY.format(preset=request.param), name="s.toml", folder=None).resolve(refs)
    )
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    return launch(study)


def test_there_are_the_three_presets():
    assert list_presets() == ["gpt3-long", "gpt3-short", "paired"]


@pytest.mark.xdist_group("whole-study")
def test_simulated_participants_go_through_and_the_report_says_what_was_asked(study, live_server, tmp_path):
    per_cell = 1 if study.arms.count() > 2 else 3
    call_command("simulate_participants", study.slug, per_cell=per_cell, url=live_server.url, awkward_share=0.5)
    wanted = per_cell * 2 * study.arms.count()
    assert Participant.objects.filter(status="completed", simulated=True).count() == wanted
    assert Response.objects.count() == 4 * wanted
    if study.comprehension:
        assert set(Participant.objects.values_list("comprehension_passed", flat=True)) == {True}
    if study.reveal_stages > 1:
        assert all(trial.stages_shown_at for trial in Trial.objects.all())
    call_command("export_study", study.slug, out=tmp_path)
    script = settings.BASE_DIR / "analysis" / "report.py"
    (bundle,) = Path(tmp_path).glob("*.zip")
    subprocess.run([sys.executable, str(script), str(bundle), "--out", str(tmp_path)], check=True, timeout=300)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["presentation"] == study.presentation
    for arm in results["arms"]:
        trials = Response.objects.filter(trial__participant__assignment__arm__name=arm["arm"])
        assert arm["trials"] == trials.count() == 8 * per_cell
        assert arm["accuracy"] is None or 0 <= arm["accuracy"] <= 1
        assert arm["accuracy"] == pytest.approx(mean_accuracy(trials))
    assert ("two-alternative" in (tmp_path / "report.html").read_text()) is study.is_paired


def mean_accuracy(responses):
    """Over participants, worked out from the rows in another way than the report does."""
    shares = {}
    for response in responses.select_related("trial__stimulus"):
        if response.judgment != 3:
            right = (response.judgment > 3) == (response.trial.stimulus.arm_id is not None)
            shares.setdefault(response.trial.participant_id, []).append(right)
    return sum(sum(rights) / len(rights) for rights in shares.values()) / len(shares)
