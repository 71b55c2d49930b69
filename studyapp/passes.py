"""Passes that only this site can make: those of simulated participants, personal links, and links to come back by."""

from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.urls import reverse

from studyapp.models import Participant, Study

_RETURN = "return"


def sign_pass(study: Study, *, platform: str, name: str) -> str:
    """A pass to one study for somebody of that name."""
    return _signer(study, platform).sign(name)


def read_pass(study: Study, *, platform: str, signed: str) -> str | None:
    """The name that a pass is for; None when we have not made it for this study."""
    try:
        return _signer(study, platform).unsign(signed)
    except signing.BadSignature:
        return None


def make_personal_link(study: Study, *, name: str) -> str:
    """The link by which one person takes part, once."""
    query = urlencode({"link": sign_pass(study, platform="personal", name=name)})
    return f"{settings.SITE_URL}{reverse('rater:enter', args=[study.slug])}?{query}"


def make_return_path(participant: Participant) -> str:
    """The address by which somebody who has taken part comes to their own page from any browser."""
    signed = sign_pass(participant.study, platform=_RETURN, name=participant.code)
    return reverse("rater:come_back", args=[participant.study.slug, signed])


def find_returning(study: Study, *, signed: str) -> Participant | None:
    """Whose link it is; None when we have not made it for this study."""
    code = read_pass(study, platform=_RETURN, signed=signed)
    return Participant.objects.filter(study=study, code=code).first() if code else None


def _signer(study: Study, platform: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"{platform}:{study.slug}")
