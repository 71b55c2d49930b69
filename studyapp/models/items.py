"""The stories of a study, and the articles that stand before them in a prompt."""

from django.db import models
from django.db.models import Exists, OuterRef

from studyapp.models.articles import Article
from studyapp.models.study import Study
from studyapp.models.written_once import RowsOnce, words


class Item(models.Model):
    """A story's slot in a study: it has one human version, and one of each arm's model."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="items")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["study", "article"], name="article_once_a_study")]

    def __str__(self) -> str:
        return self.article.title


class ContextArticle(models.Model):
    """An earlier article that stands in every prompt before the one to be written."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="context")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="contexts")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["study", "article"], name="context_article_once_a_study")]

    def __str__(self) -> str:
        return self.article.title


# A study as a rater's page needs it: without the frozen design, which is long, and with what each page says of it.
find_study_of_page = RowsOnce(
    Study,
    lambda: (
        Study.objects.filter(slug=words("slug"))
        .order_by()
        .defer("frozen_design")
        .annotate(is_demonstration=Exists(Item.objects.filter(study=OuterRef("pk"), article__stand_in=True)))
    ),
)
