"""The catalogues of the raters' pages are whole: every sentence in every language, and compiled as it stands.

Where this fails, a sentence is new or changed: `make messages`, then the four translations (docs/languages.md).
"""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.translation import to_locale

from studyapp import catalogues
from studyapp.catalogues import LOCALES, collect_sentences, find_gaps


@pytest.fixture(scope="module")
def sentences():
    return collect_sentences()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_translated_and_compiled(sentences, locale):
    assert [str(gap) for gap in find_gaps(locale, sentences)] == []


def test_the_site_offers_what_there_are_catalogues_for():
    assert sorted(to_locale(code) for code, _ in settings.LANGUAGES if code != "en") == sorted(LOCALES)


def test_sentences_of_templates_views_and_pure_code_are_collected(sentences):
    collected = {str(message.id) for message in sentences}
    assert {"Begin", "Please choose an answer.", "Very likely written by a human"} <= collected
    staff = [path for message in sentences for path, _ in message.locations if "staff" in path]
    assert staff == []


def test_what_is_missing_stale_fuzzy_or_wrongly_filled_is_found(tmp_path, monkeypatch, capsys):
    for folder, name, text in (
        ("domain", "rule.py", 'z = ngettext("%(n)d day", "%(n)d days", n)'),
        ("participant_site", "page.py", 'x = _("New")\ny = _("Hello %(name)s")'),
        ("templates/participant_site", "page.html", '{% load i18n %}\n  {% translate "It\'s here" %}'),
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(text)
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALE_DIR", tmp_path / "locale")
    monkeypatch.setattr(catalogues, "LOCALES", ("de",))
    sentences = collect_sentences()
    assert {"New", "It's here"} <= {str(m.id) for m in sentences}
    call_command("make_messages")
    assert "4 to translate" in capsys.readouterr().out

    po = tmp_path / "locale/de/LC_MESSAGES/django.po"
    text = po.read_text().replace('msgid "Hello %(name)s"\nmsgstr ""', 'msgid "Hello %(name)s"\nmsgstr "Hallo %(nam)s"')
    text = text.replace('msgid "New"\nmsgstr ""', '#, fuzzy\nmsgid "New"\nmsgstr "Neu"')
    po.write_text(text + '\nmsgid "Gone"\nmsgstr "Weg"\n')
    faults = " ".join(gap.fault for gap in find_gaps("de", sentences))
    for said in ("not translated", "fuzzy", "no page says it any more", ".mo file", "has %(nam)s"):
        assert said in faults, faults
    assert Path(po).exists()
