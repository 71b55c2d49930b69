import pytest
from django.db import OperationalError

from studyapp.database import outlasting
from studyapp.database.outlasting import outlast

pytestmark = pytest.mark.django_db


def fail_times(n, *, error=OperationalError):
    left = [n]

    def act():
        if left[0]:
            left[0] -= 1
            raise error("gone")
        return "done"

    return act


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(outlasting, "PAUSE_SECONDS", 0.0)


def test_what_is_tried_again_comes_to_its_end():
    assert outlast(fail_times(3)) == "done"


def test_patience_has_an_end_and_other_errors_are_not_waited_for():
    with pytest.raises(OperationalError):
        outlast(fail_times(10**9), patience=0.01)
    with pytest.raises(KeyError):
        outlast(fail_times(1, error=KeyError))
