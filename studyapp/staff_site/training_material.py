"""What every training is made of, from nothing or from another model: a name, a corpus, and what is kept out of it."""

from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest

from studyapp.actions.training import list_next_jobs
from studyapp.actions.training_ladders import (
    LadderRefusedError,
    LadderRequest,
    list_corpora,
    make_ladder,
    store_corpus,
)
from studyapp.domain.corpus_file import CorpusFileError, check_corpus
from studyapp.models import Article, Study, TrainingLadder
from studyapp.tasks.sending import QueueUnreachableError
from studyapp.tasks.training import send_training

IMPORTED = "imported"


class MaterialForm(forms.Form):
    """A name, a corpus, and whose articles are kept out of it."""

    slug = forms.SlugField(
        label="Name", max_length=60, help_text="The folder on the shelf that its models come to lie in, as my-ladder."
    )
    corpus_files = forms.MultipleChoiceField(
        label="Corpus: files that are there already", required=False, widget=forms.CheckboxSelectMultiple
    )
    corpus_upload = forms.FileField(
        label="Corpus: a file to upload",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".jsonl,.gz,.csv,.txt"}),
    )
    takes_imported = forms.BooleanField(label="Corpus: the imported articles that are in no study", required=False)
    keep_out = forms.MultipleChoiceField(
        label="Kept out of the training",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="An article of the corpus that shares 13 words in a row with one of these is left out: a model must "
        "not have read what it is to write. Import the articles of a coming study first.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["corpus_files"].choices = [(name, name) for name in list_corpora(settings.CORPORA_DIR)]
        self.fields["corpus_upload"].help_text = (
            "JSON Lines or CSV with title and body, or text with a line <|endoftext|> between documents; UTF-8, .jsonl "
            "and .txt also packed as .gz. It is kept for other trainings. A file of "
            f"more than {settings.MAX_CORPUS_FILE_BYTES // 2**20} MiB can be copied into {settings.CORPORA_DIR}."
        )
        free = Article.objects.filter(items=None, contexts=None).count()
        self.fields["takes_imported"].help_text = f"{free} articles."
        for name, is_offered in (("corpus_files", self.fields["corpus_files"].choices), ("takes_imported", free)):
            if not is_offered:
                del self.fields[name]
        every = (IMPORTED, f"Every imported article ({Article.objects.count()})")
        self.fields["keep_out"].choices = [every, *((str(s.pk), f"Those of {s.slug}") for s in Study.objects.real())]

    def clean_corpus_upload(self) -> UploadedFile | None:
        upload = self.cleaned_data["corpus_upload"]
        if upload is None:
            return None
        if upload.size > settings.MAX_CORPUS_FILE_BYTES:
            raise forms.ValidationError(f"The file is too large; copy it into {settings.CORPORA_DIR} instead.")
        try:
            check_corpus(upload.file, name=upload.name)
        except CorpusFileError as error:
            raise forms.ValidationError(str(error)) from None
        return upload

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not (said.get("corpus_files") or said.get("corpus_upload") or said.get("takes_imported")):
            if "corpus_upload" not in self.errors:
                self.add_error("corpus_upload", "Choose a corpus: a file to upload, or what is ticked here.")
        elif said.get("takes_imported") and IMPORTED in said.get("keep_out", ()):
            self.add_error("keep_out", "Imported articles cannot both be trained on and be kept out.")
        return said

    def read_request(self) -> LadderRequest:
        """What the form says of the material alone."""
        said, upload = self.cleaned_data, self.cleaned_data["corpus_upload"]
        names = dict.fromkeys([*said.get("corpus_files", ()), *([upload.name] if upload else [])])
        return LadderRequest(
            slug=said["slug"],
            corpus_files=tuple(names),
            takes_imported=said.get("takes_imported", False),
            keeps_out_imported=IMPORTED in said["keep_out"],
            studies=tuple(int(key) for key in said["keep_out"] if key != IMPORTED),
        )


def make_and_send(request: HttpRequest, form: MaterialForm, **more: Any) -> TrainingLadder | None:
    """The ladder of the form and of what else is said, queued; or None with what is wrong written on the form.

    All of it or nothing: a file is not kept whose ladder is refused.
    """
    upload = form.cleaned_data["corpus_upload"]
    try:
        with transaction.atomic():
            ladder = make_ladder(replace(form.read_request(), **more), made_by=request.user)
            if upload:
                store_corpus(upload.chunks(), name=upload.name, folder=settings.CORPORA_DIR)
    except LadderRefusedError as error:
        form.add_error(None, str(error))
        return None
    try:
        send_training(list_next_jobs([ladder.pk]))
        messages.success(request, f"{ladder.jobs.count()} models are queued.")
    except QueueUnreachableError as error:
        messages.warning(request, str(error))
    return ladder
