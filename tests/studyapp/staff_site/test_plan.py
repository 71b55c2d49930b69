"""The page Plan: assumptions in, a worker's numbers out, earlier runs kept."""

import pytest
from django.urls import reverse

from studyapp.models import PowerRun
from studyapp.tasks.planning import simulate_power
from tests.studyapp.study_rows import make_draft, make_launched

pytestmark = pytest.mark.django_db
SMALL = {"participants": "6, 8", "titles": "6", "shown": "6", "runs": "100"}


@pytest.fixture
def sent(monkeypatch):
    ids = []
    monkeypatch.setattr(simulate_power, "delay_on_commit", ids.append)
    return ids


@pytest.fixture
def address():
    make_launched(slug="pilot", recruitment={"reward": "$6", "platform": "anonymous"})
    return reverse("staff:study_plan", args=["pilot"])


def fill(client, address, **changes):
    form = client.get(address).context["form"]
    fields = {name: form[name].initial for name in form.fields}
    fields = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in fields.items()}
    return client.post(address, {**fields, **SMALL, **changes, "do": "simulate"}, follow=True)


def test_the_form_begins_with_the_study_and_a_run_is_simulated_and_shown(admin_client, address, sent):
    form = admin_client.get(address).context["form"]
    assert [form[f"accuracy_{index}"].initial for index in range(3)] == [86.0, 76.0, 52.0]
    assert (form["reward"].initial, form["currency"].initial) == (6.0, "USD")
    waiting = fill(admin_client, address, accuracy_2="50").content.decode()
    assert "0 of 2 designs" in waiting
    assert 'http-equiv="refresh"' in waiting
    simulate_power(sent[0])
    run = PowerRun.objects.get()
    assert (run.state, run.done, run.error) == ("done", 2, "")
    assert run.parameters["arms"][2]["accuracy"] == 0.5
    page = admin_client.get(address).content.decode()
    assert "80 % power for the control gate" in page
    assert "USD 108" in page  # 6 participants x 3 arms x $6
    assert "refresh" not in page
    assert admin_client.get(address).context["form"]["accuracy_2"].initial == 50.0  # the next begins where this ended
    picture = admin_client.get(reverse("staff:plan_file", args=["pilot", run.pk, "picture.svg"]))
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    table = admin_client.get(reverse("staff:plan_file", args=["pilot", run.pk, "table.csv"])).content.decode()
    assert table.startswith("participants,titles,shown")
    assert admin_client.get(reverse("staff:plan_file", args=["pilot", run.pk, "other"])).status_code == 404


def test_a_second_delivery_changes_nothing(admin_client, address, sent):
    fill(admin_client, address)
    simulate_power(sent[0])
    first = PowerRun.objects.get().finished_at
    simulate_power(sent[0])
    assert PowerRun.objects.get().finished_at == first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"participants": "six"}, "Write whole numbers"),
        ({"participants": "2"}, "Each must be from 4 to 2,000"),
        ({"participants": "100 200 300 400 500 600", "titles": "10 20 30 40 50"}, "a grid of 30 designs"),
        ({"participants": "2000", "titles": "900", "shown": "900", "runs": "20000"}, "thousand million"),
        ({"accuracy_0": "120"}, "less than or equal to 99"),
        ({"runs": "5"}, "greater than or equal to 100"),
    ],
)
def test_what_cannot_be_simulated_is_said_beside_its_field(admin_client, address, sent, changes, said):
    assert said in fill(admin_client, address, **changes).content.decode()
    assert not PowerRun.objects.exists()
    assert sent == []


def test_a_study_without_sizes_says_what_is_missing(admin_client, sent):
    make_draft(slug="bare", arms=[{"name": "one", "generator": "checkpoint:one"}])
    answer = fill(admin_client, reverse("staff:study_plan", args=["bare"]))
    assert "give the arms their n_params" in answer.content.decode()


def test_what_goes_wrong_is_named_on_the_run(admin_client, address, sent):
    fill(admin_client, address)
    run = PowerRun.objects.get()
    PowerRun.objects.update(parameters={**run.parameters, "dont_know": 5})
    simulate_power(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "it must be from 0 to 0.9" in admin_client.get(address).content.decode()


def test_runs_are_kept_chosen_and_deleted(admin_client, address, sent):
    fill(admin_client, address)
    fill(admin_client, address, participants="9")
    first, second = PowerRun.objects.order_by("pk")
    assert admin_client.get(address).context["chosen"] == second
    assert admin_client.get(address, {"run": first.pk}).context["chosen"] == first
    admin_client.post(address, {"do": "delete", "run": first.pk})
    assert list(PowerRun.objects.all()) == [second]
