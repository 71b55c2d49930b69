"""The page of the detectors: start them once the texts stand still, follow them, see how well they tell."""

import pytest
from django.urls import reverse

from studyapp.actions.detection import claim_run, fail_run
from studyapp.models import DetectorRun
from studyapp.tasks.detection import detect_texts
from tests.studyapp.detector_rows import make_run
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    ids = []
    monkeypatch.setattr(detect_texts, "delay_on_commit", ids.append)
    return ids


def find(study):
    return reverse("staff:study_detectors", args=[study.slug])


def test_a_draft_has_no_button(admin_client, sent):
    page = admin_client.get(find(make_draft())).content.decode()
    assert "The texts of a draft may still change" in page
    assert "Start the detectors" not in page


def test_a_run_is_started_followed_taken_up_again_and_deleted(admin_client, sent, monkeypatch):
    offered = {"checkpoint:small": "small", "checkpoint:large": "large"}
    monkeypatch.setattr("studyapp.staff_site.detectors._list_offered", lambda: offered)
    address = find(make_launched(n_items=2))
    form = admin_client.get(address).context["form"]
    assert (form["models"].value(), form["observer"].value()) == (["checkpoint:small"], "checkpoint:large")
    refused = admin_client.post(address, {"do": "detect", "given": ["title"]}).content.decode()
    assert "Tick a model, or the classifier of style." in refused
    lone = {"do": "detect", "given": ["title"], "models": ["checkpoint:small"], "observer": "checkpoint:small"}
    assert "Binoculars needs two models" in admin_client.post(address, lone).content.decode()
    assert not DetectorRun.objects.exists()
    page = admin_client.post(address, {**lone, "observer": "checkpoint:large"}, follow=True).content.decode()
    run = DetectorRun.objects.get()
    assert sent == [run.pk]
    assert run.parameters == {
        "models": ["checkpoint:small"], "observer": "checkpoint:large", "given": ["title"], "equal_length": False,
        "style": False,
    }  # fmt: skip
    assert 'http-equiv="refresh"' in page
    again = admin_client.post(address, {**lone, "observer": ""}, follow=True).content.decode()
    assert "at work already" in again
    fail_run(claim_run(run.pk, now=NOW), error="ValueError: no such model", now=NOW)
    assert "ValueError: no such model" in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "resume", "run": run.pk})
    assert sent == [run.pk, run.pk]
    admin_client.post(address, {"do": "delete", "run": run.pk})
    assert not DetectorRun.objects.exists()


def test_what_was_found_is_shown_by_arm(admin_client):
    study = make_launched(n_items=4)
    make_run(study)
    response = admin_client.get(find(study))
    assert [(row.label, row.areas) for row in response.context["rows"]] == [
        ("Log-likelihood", (1.0, 1.0, 1.0)),
        ("Classifier of style", (1.0, 1.0, 1.0)),
    ]
    assert "in the bundles" in response.content.decode()
