"""Reports: what goes wrong is said on the export's row."""

import pytest

from studyapp.actions.export import export_study, request_report
from studyapp.models import Export
from studyapp.tasks.export import write_report
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db


def test_a_bundle_that_is_no_more_fails_its_report_in_words(tmp_path, settings):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"
    export = export_study(make_launched(), folder=settings.EXPORTS_DIR, now=NOW)
    export.bundle_path.unlink()
    assert request_report(export, now=NOW)
    assert not request_report(export, now=NOW)  # it is under way
    write_report(export.pk)
    export.refresh_from_db()
    assert export.report_state == Export.ReportState.FAILED
    assert export.file_name in export.report_error
    assert not export.report_dir.exists()
