"""Which imported articles a draft takes, as items and as context, in which order."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from studyapp.actions.study import describe_study
from studyapp.domain.article_choice import (
    ArticleChoice,
    ChosenArticle,
    Role,
    arrange,
    flag_articles,
    set_roles,
    summarise_lengths,
    take_first,
)
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.study_design import DesignError
from studyapp.models import Article, Study
from studyapp.staff_site.articles import ImportForm, find_held, hold_file
from studyapp.staff_site.design_forms import SectionsForm
from studyapp.staff_site.drafts import go_on, has_texts, try_change
from studyapp.staff_site.pages import show, study_page
from studyapp.study_file import StudyFileError, read_preset

PAGE_SIZE = 50
ROLES: dict[str, Role] = {"item": "item", "context": "context", "none": "none"}
ORDERS = {"import": "order of import", "newest": "newest first", "words": "shortest first", "title": "title"}
_ORDER_BY = {"import": ["id"], "newest": ["-id"], "words": ["words", "id"], "title": ["title", "id"]}
CHOSEN_ELSEWHERE = ("articles.items", "articles.context")  # by what is ticked, not by a field


class ShownForm(forms.Form):
    """Which of the imported articles are shown."""

    q = forms.CharField(label="Words of title or text", required=False, strip=True)
    section = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    imported = forms.ChoiceField(label="Imported on", required=False)
    order = forms.ChoiceField(choices=list(ORDERS.items()), required=False)
    file = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        days = Article.objects.dates("imported_at", "day", order="DESC")[:60]
        for name, values in (
            ("section", _list_values("section")),
            ("source", _list_values("source")),
            ("imported", [day.isoformat() for day in days]),
        ):
            self.fields[name].choices = [("", "all"), *((value, value) for value in values)]


class TakeForm(forms.Form):
    """The first of those shown as context, the next as items."""

    n_context = forms.IntegerField(label="Context articles", min_value=0, max_value=20)
    n_items = forms.IntegerField(label="Items", min_value=2, max_value=1000)


@dataclass(frozen=True)
class Shown:
    """The articles that the page shows under a filter, in their order."""

    articles: QuerySet
    refs: list[str]
    file_name: str


@study_page
def show_articles(request: HttpRequest, study: Study) -> HttpResponse:
    """Upload, choose, arrange. What is chosen is stored at once, so that no page forgets another's ticks."""
    shown_form = ShownForm(request.GET)
    shown = _find_shown(request, shown_form)
    design = describe_study(study)
    settings_form = SectionsForm(
        request.POST if request.POST.get("do") == "settings" else None,
        design=design,
        sections=("articles",),
        skips=CHOSEN_ELSEWHERE,
    )
    upload_form, take_form = ImportForm(), TakeForm(initial=_propose_numbers(study))
    if request.method == "POST":
        choice = ArticleChoice(items=design.articles.items, context=design.articles.context)
        match request.POST.get("do"):
            case "upload":
                upload_form = ImportForm(request.POST, request.FILES)
                if upload_form.is_valid():
                    return redirect(hold_file(request, upload_form.cleaned_data["file"], slug=study.slug))
            case "take":
                take_form = TakeForm(request.POST)
                if take_form.is_valid() and _take(request, study, take_form, shown.refs):
                    return _stay(request, study)
            case "settings":
                if settings_form.is_valid() and _save_settings(request, study, settings_form):
                    return _stay(request, study)
            case _:
                _store_choice(request, study, _read_choice(request, choice))
                return _stay(request, study)
    settings_form.freeze(not study.is_draft)
    return show(
        request,
        "study_articles.html",
        title=study.title,
        study=study,
        **_describe_chosen(study),
        **_describe_shown(request, shown, study),
        shown_form=shown_form,
        upload_form=upload_form,
        take_form=take_form,
        settings_form=settings_form,
        has_texts=has_texts(study),
    )


def _list_values(column: str) -> list[str]:
    return list(
        Article.objects.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()[:200]
    )


def _find_shown(request: HttpRequest, form: ShownForm) -> Shown:
    """The articles under the filter; those of a file that was just imported come in its own order."""
    said = form.cleaned_data if form.is_valid() else {}
    articles = Article.objects.all()
    if words := said.get("q"):
        articles = articles.filter(Q(title__icontains=words) | Q(subtitle__icontains=words) | Q(body__icontains=words))
    for name in ("section", "source"):
        if said.get(name):
            articles = articles.filter(**{name: said[name]})
    if said.get("imported"):
        articles = articles.filter(imported_at__date=said["imported"])
    held = find_held(request, said.get("file", ""))
    if held is not None and held.is_imported:
        articles = articles.filter(ref__in=held.refs)
    articles = articles.order_by(*_ORDER_BY[said.get("order") or "import"])
    refs = list(articles.values_list("ref", flat=True))
    if held is not None and held.is_imported and not said.get("order"):
        places = {ref: place for place, ref in enumerate(held.refs)}
        refs.sort(key=places.__getitem__)
    return Shown(articles, refs, held.name if held is not None and held.is_imported else "")


def _propose_numbers(study: Study) -> dict[str, int]:
    """How many the study's preset takes."""
    try:
        articles = read_preset(study.preset)["articles"]
    except StudyFileError:
        return {}
    numbers = {"n_context": articles.get("context"), "n_items": articles.get("items")}
    return {name: number for name, number in numbers.items() if isinstance(number, int)}


def _take(request: HttpRequest, study: Study, form: TakeForm, refs: list[str]) -> bool:
    said = form.cleaned_data
    try:
        choice = take_first(refs, n_context=said["n_context"], n_items=said["n_items"])
    except ValueError as error:
        form.add_error("n_items", str(error))
        return False
    return _store_choice(request, study, choice)


def _save_settings(request: HttpRequest, study: Study, form: SectionsForm) -> bool:
    try:
        return try_change(request, study, form.read_change())
    except DesignError as error:
        form.add_faults(error)
        return False


def _read_choice(request: HttpRequest, choice: ArticleChoice) -> ArticleChoice:
    """What the ticks, roles and places of the page mean for the choice so far."""
    roles = {
        name.removeprefix("role-"): ROLES[value]
        for name, value in request.POST.items()
        if name.startswith("role-") and isinstance(value, str) and value in ROLES
    }
    places = {}
    for name, value in request.POST.items():
        ref = name.removeprefix("place-")
        changes_role = roles.get(ref, choice.say_role(ref)) != choice.say_role(ref)  # such a one comes last
        if ref != name and isinstance(value, str) and value.strip().isdecimal() and not changes_role:
            places[ref] = float(value)
    return arrange(set_roles(choice, roles), places)


def _store_choice(request: HttpRequest, study: Study, choice: ArticleChoice) -> bool:
    change = DesignChange(sections={"articles": {"items": list(choice.items), "context": list(choice.context)}})
    try:
        return try_change(request, study, change)
    except DesignError as error:
        for fault in error.faults:
            messages.error(request, fault)
        return False


def _stay(request: HttpRequest, study: Study) -> HttpResponse:
    """The page again under the same filter, or the next step where that was asked for."""
    if request.POST.get("then") == "next":
        return go_on(request, study, page="study_articles")
    query = request.GET.urlencode()
    return redirect(reverse("staff:study_articles", args=[study.slug]) + (f"?{query}" if query else ""))


def _describe_chosen(study: Study) -> dict[str, Any]:
    """The chosen articles with what to mind of them, and what they come to for a participant."""
    entries = {
        "context": [entry.article for entry in study.context.select_related("article")],
        "items": [entry.article for entry in study.items.select_related("article")],
    }
    looked_at = [
        ChosenArticle(article.ref, article.title, article.words, article.language, article.stand_in)
        for articles in entries.values()
        for article in articles
    ]
    flags = flag_articles(looked_at, language=study.language)
    words = [article.words for article in entries["items"]]
    groups = [
        (label, role, [(place, article, flags[article.ref]) for place, article in enumerate(entries[name], start=1)])
        for label, role, name in (("Context articles", "context", "context"), ("Items", "item", "items"))
    ]
    return {
        "groups": groups,
        "n_items": len(words),
        "n_context": len(entries["context"]),
        "lengths": summarise_lengths(words),
        "time": study.estimate_time(),
    }


def _describe_shown(request: HttpRequest, shown: Shown, study: Study) -> dict[str, Any]:
    """A page of the imported articles with the role that each has in this study, and the other studies it is in."""
    page = Paginator(shown.refs, PAGE_SIZE).get_page(request.GET.get("page"))
    articles = Article.objects.prefetch_related("items__study", "contexts__study").in_bulk(
        list(page.object_list), field_name="ref"
    )
    design = describe_study(study)
    choice = ArticleChoice(items=design.articles.items, context=design.articles.context)
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "page": page,
        "rows": [
            {
                "article": articles[ref],
                "role": choice.say_role(ref),
                "elsewhere": sorted(
                    {
                        entry.study.slug
                        for rows in (articles[ref].items.all(), articles[ref].contexts.all())
                        for entry in rows
                        if entry.study_id != study.pk
                    }
                ),
            }
            for ref in page.object_list
        ],
        "n_shown": len(shown.refs),
        "n_articles": Article.objects.count(),
        "file_name": shown.file_name,
        "query": query.urlencode(),
    }
