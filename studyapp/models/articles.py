"""Imported human articles."""

from collections.abc import Iterable

from django.db import models

from studyapp.domain.article_text import count_words


class ArticleQuerySet(models.QuerySet):
    def by_ref(self, refs: Iterable[str]) -> dict[str, "Article"]:
        """The articles that study files name, by their `ref`; unknown names are simply not in it."""
        return {article.ref: article for article in self.filter(ref__in=list(refs))}


class Article(models.Model):
    """One human article, kept as it was imported. `stand_in` marks a machine-written text of a demonstration."""

    ref = models.CharField("id", max_length=140, unique=True, help_text="names the article in study files and exports")
    title = models.CharField(max_length=500)
    subtitle = models.CharField(max_length=1000, blank=True)
    body = models.TextField(help_text="paragraphs parted by a blank line")
    section = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=500, blank=True)
    published = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=20, blank=True)
    stand_in = models.BooleanField(default=False, help_text="fictional and machine-written: for demonstrations only")
    content_hash = models.CharField(max_length=64, unique=True, editable=False)
    words = models.PositiveIntegerField(editable=False)
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: object, **kwargs: object) -> None:
        self.words = count_words(self.body)
        super().save(*args, **kwargs)
