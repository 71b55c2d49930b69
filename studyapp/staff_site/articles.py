"""Station 1 for staff: an article file is uploaded, looked at with its columns, and imported when somebody says so."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from studyapp.actions.articles import ImportPlan, import_articles, plan_import
from studyapp.actions.roles import list_visible_studies
from studyapp.domain.article_choice import summarise_lengths
from studyapp.domain.article_file import RowFile, UnreadableFileError, part_rows, read_articles
from studyapp.domain.article_text import FIELDS, REQUIRED_FIELDS
from studyapp.domain.column_names import NOT_READ, guess_columns
from studyapp.domain.roles import CHANGE
from studyapp.models import Article, Study
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.web.held_uploads import HeldUpload, find_upload, forget_upload, hold_upload, remember_refs

SHOWN_ROWS = 8
SHOWN_FAULTS = 50


class ImportForm(forms.Form):
    file = forms.FileField(
        label="Article file",
        help_text="JSON Lines or CSV in UTF-8, an article a row. Columns may have any names: you say on the next page "
        "which is the title and which the text. Nothing is stored before you have seen it.",
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv"}),
    )

    def clean_file(self) -> UploadedFile:
        """The file, if it can be parted into rows at all.

        Raises:
            forms.ValidationError: it is too large, or no article file.
        """
        upload = self.cleaned_data["file"]
        if upload.size > settings.MAX_ARTICLE_FILE_BYTES:
            limit = settings.MAX_ARTICLE_FILE_BYTES // 2**20
            raise forms.ValidationError(
                f"The file is larger than {limit} MiB; import it with manage.py import_articles."
            )
        try:
            if not part_rows(upload.read(), name=upload.name).rows:
                raise forms.ValidationError(f"{upload.name} holds no article.")
        except UnreadableFileError as error:
            raise forms.ValidationError(str(error)) from None
        return upload


class ColumnsForm(forms.Form):
    """For each field of an article the column of the file that it stands in."""

    def __init__(self, data: Any, *, columns: tuple[str, ...]) -> None:
        guessed = guess_columns(columns)
        super().__init__(data if data and any(f"column-{field}" in data for field in FIELDS) else None)
        choices = [(NOT_READ, "—"), *((column, column) for column in columns)]
        for field in FIELDS:
            self.fields[f"column-{field}"] = forms.ChoiceField(
                label=field.replace("_", "-").capitalize(),
                choices=choices,
                required=field in REQUIRED_FIELDS,
                initial=guessed[field],
            )

    def read_columns(self) -> dict[str, str]:
        """Field to column, as it was chosen, or as it was guessed where nobody has chosen yet.

        Raises:
            UnreadableFileError: a required field has no column; the fields say which.
        """
        if not self.is_bound:
            return {field: self.fields[f"column-{field}"].initial for field in FIELDS}
        if not self.is_valid():
            raise UnreadableFileError("Choose a column for the title and one for the body.")
        return {field: self.cleaned_data[f"column-{field}"] for field in FIELDS}


@staff_page
@needs("studyapp.add_article")
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a file; it is shown on the next page."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect(hold_file(request, form.cleaned_data["file"], slug=request.GET.get("study", "")))
    return show(request, "article_import.html", title="Import articles", form=form, n_articles=Article.objects.count())


def hold_file(request: HttpRequest, upload: UploadedFile, *, slug: str) -> str:
    """Keep an uploaded file for its preview, whose address is returned; `slug`: of the study it is for, if any."""
    upload.seek(0)
    held = hold_upload(
        upload.chunks(),
        name=upload.name,
        account=request.user.pk,
        root=settings.HELD_UPLOADS_DIR,
        now=timezone.now(),
    )
    address = reverse("staff:article_preview", args=[held.token])
    return f"{address}?{urlencode({'study': slug})}" if slug else address


def find_held(request: HttpRequest, token: str) -> HeldUpload | None:
    """The signed-in account's own file of that token."""
    return find_upload(token, account=request.user.pk, root=settings.HELD_UPLOADS_DIR, now=timezone.now())


@staff_page
@needs("studyapp.add_article")
def preview_file(request: HttpRequest, token: str) -> HttpResponse:
    """What would be imported of a file, under which columns; POST imports or forgets it."""
    held = find_held(request, token)
    if held is None:
        messages.error(request, "That file is not held any more. Nothing was imported; upload it again.")
        return redirect("staff:article_import")
    study = list_visible_studies(request.user).filter(slug=request.GET.get("study", "")).first()
    if held.is_imported:
        return _go_to_articles(held, study)
    if request.method == "POST" and request.POST.get("do") == "forget":
        forget_upload(held)
        messages.success(request, f"{held.name} is forgotten; nothing was imported of it.")
        return redirect("staff:study_articles", study.slug) if study else redirect("staff:article_import")
    return _preview(request, held, study)


def _preview(request: HttpRequest, held: HeldUpload, study: Study | None) -> HttpResponse:
    rows = part_rows(held.read(), name=held.name)
    said = request.POST if request.method == "POST" else request.GET
    form = ColumnsForm(said, columns=rows.columns)
    fault, plan, columns = "", None, dict.fromkeys(FIELDS, NOT_READ)
    try:
        columns = form.read_columns()
        file = read_articles(rows, columns=columns)
        if request.method == "POST" and request.POST.get("do") == "import":
            skip_bad = request.POST.get("skip_bad") == "yes"
            outcome = import_articles(file, skip_bad=skip_bad, name=held.name, study=_find_changeable(request, study))
            if not outcome.is_refused:
                remember_refs(held, outcome.refs)
                messages.success(request, _describe_outcome(outcome.imported, outcome.duplicates, outcome.bad))
                return _go_to_articles(find_held(request, held.token) or held, study)
            messages.error(request, f"{len(outcome.bad)} bad rows: nothing was imported.")
        plan = plan_import(file)
    except UnreadableFileError as error:
        fault = str(error)
    return show(
        request,
        "article_preview.html",
        title="Import articles",
        held=held,
        for_study=study,
        form=form,
        columns=columns,
        fault=fault,
        n_rows=len(rows.rows),
        **(_describe_plan(plan, rows) if plan else {}),
    )


def _find_changeable(request: HttpRequest, study: Study | None) -> Study | None:
    """The study whose log an import belongs into: only one that this account may change."""
    return study if study is not None and request.user.has_perm(CHANGE, study) else None


def _describe_plan(plan: ImportPlan, rows: RowFile) -> dict[str, Any]:
    words = [row.article.words for row in plan.fresh]
    return {
        "plan": plan,
        "n_fresh": len(plan.fresh),
        "shown": plan.fresh[:SHOWN_ROWS],
        "lengths": summarise_lengths(words),
        "bad": plan.bad[:SHOWN_FAULTS],
        "n_more_bad": max(0, len(plan.bad) - SHOWN_FAULTS),
        "duplicates": plan.duplicates[:SHOWN_FAULTS],
        "n_more_duplicates": max(0, len(plan.duplicates) - SHOWN_FAULTS),
        "examples": _find_examples(rows),
    }


def _find_examples(rows: RowFile) -> list[tuple[str, str]]:
    """Every column with the beginning of the first value that stands in it, so that one sees what it is."""
    first = next((row for _, row in rows.rows if isinstance(row, dict)), {})
    texts = ((column, str(first.get(column, ""))) for column in rows.columns)
    return [(column, text.encode("utf-8", "replace").decode()[:60]) for column, text in texts]


def _describe_outcome(imported: int, duplicates: tuple[Any, ...], bad: tuple[Any, ...]) -> str:
    parts = [f"{imported} articles imported"]
    if duplicates:
        parts.append(f"{len(duplicates)} were there already")
    if bad:
        parts.append(f"{len(bad)} bad rows left out")
    return ", ".join(parts) + "."


def _go_to_articles(held: HeldUpload, study: Study | None) -> HttpResponse:
    """To the study's articles, with those of the file first in sight; without a study, to a new one."""
    if not held.is_imported:
        raise Http404("nothing was imported of that file")
    address = reverse("staff:study_articles", args=[study.slug]) if study else reverse("staff:study_new")
    return redirect(f"{address}?{urlencode({'file': held.token})}")
