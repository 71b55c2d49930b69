"""The link that participants enter by, as it is given to their platform."""

from django.conf import settings
from django.urls import reverse

from studyapp.models import Study


def find_entry_link(study: Study) -> str:
    """The link, with the placeholders that the platform replaces."""
    link, query = f"{settings.SITE_URL}{reverse('rater:enter', args=[study.slug])}", study.adapter.entry_query
    return f"{link}?{query}" if query else link
