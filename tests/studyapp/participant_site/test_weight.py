"""What a rater's page weighs as it is sent, with everything on it."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from studyapp.domain.ready_made_questions import READY_MADE
from studyapp.models import Stimulus
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched, make_staged

pytestmark = pytest.mark.django_db
WORDS = 500
MOST_BYTES = 30_000
ONE_ROUND_TRIP = 14_000  # ten packets, which a server may send before it has heard back


@pytest.fixture
def sizes():
    def weigh(study, *, words=WORDS):
        Stimulus.objects.update(text="\n\n".join([("These are words of an article. " * 20).strip()] * (words // 120)))
        visitor = Visitor(study)
        visitor.start()
        answer = visitor.client.get(visitor.page.url, headers={"Accept-Encoding": "gzip"})
        sent = page = answer.content
        if answer.headers.get("Content-Encoding") == "gzip":
            page = gzip.decompress(sent)
        names = re.findall(r'(?:href|src)="/static/([^"]+)"', page.decode())
        files = {name: len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in names}
        return len(sent), files

    return weigh


@pytest.mark.parametrize("make", [make_launched, lambda: make_launched(checks={"presentation": "paired"})])
def test_a_page_with_everything_on_it(sizes, make):
    page, files = sizes(make())
    assert {Path(name).suffix for name in files} == {".css", ".js", ".svg"}
    assert page + sum(files.values()) < MOST_BYTES
    assert page < ONE_ROUND_TRIP  # uncompressed, as it is sent; style and scripts are in the browser by then


def test_a_page_in_stages(sizes):
    page, files = sizes(make_staged())
    assert page + sum(files.values()) < MOST_BYTES


def test_a_page_of_questions_with_all_that_are_ready_made(sizes):
    page, files = sizes(make_launched(questions=[{"use": name, "when": "before"} for name in READY_MADE]))
    assert {"participant_site/questions.css", "participant_site/alone.js"} <= set(files)
    assert page + sum(files.values()) < MOST_BYTES
    assert page < ONE_ROUND_TRIP  # compressed: the lists of countries and languages are long
