"""Station 1 for staff: importing articles."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse

from studyapp.actions.articles import ImportOutcome, import_articles
from studyapp.domain.article_file import ArticleFile, UnreadableFileError, read_article_file
from studyapp.models import Article
from studyapp.staff_site.pages import needs, show, staff_page


def read_upload(upload: UploadedFile) -> ArticleFile:
    """Read an uploaded article file.

    Raises:
        forms.ValidationError: it is too large, or no article file.
    """
    if upload.size > settings.MAX_ARTICLE_FILE_BYTES:
        limit = settings.MAX_ARTICLE_FILE_BYTES // 2**20
        raise forms.ValidationError(f"The file is larger than {limit} MiB; import it with manage.py import_articles.")
    try:
        return read_article_file(upload.read(), name=upload.name)
    except UnreadableFileError as error:
        raise forms.ValidationError(str(error)) from None


class ImportForm(forms.Form):
    file = forms.FileField(
        label="Article file",
        help_text="JSON Lines or CSV in UTF-8, with title and body; paragraphs are parted by a blank line.",
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv"}),
    )
    skip_bad = forms.BooleanField(
        label="Import the good rows even if some are bad",
        required=False,
        help_text="Otherwise one bad row keeps the whole file out, and nothing is imported.",
    )

    def clean_file(self) -> ArticleFile:
        return read_upload(self.cleaned_data["file"])


@staff_page
@needs("studyapp.add_article")
def import_file(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    outcome: ImportOutcome | None = None
    if request.method == "POST" and form.is_valid():
        outcome = import_articles(form.cleaned_data["file"], skip_bad=form.cleaned_data["skip_bad"])
        if outcome.is_refused:
            messages.error(request, f"{len(outcome.bad)} bad rows: nothing was imported.")
        else:
            messages.success(request, f"{outcome.imported} articles imported.")
    n_articles = Article.objects.count()
    return show(
        request, "article_import.html", title="Import articles", form=form, outcome=outcome, n_articles=n_articles
    )
