"""Who a link says has come, and the proof of it: a platform's token, a panel's signature, or a pass of our own."""

import hashlib
import logging
import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from studyapp.given_secrets import read_secret
from studyapp.models import Study
from studyapp.passes import read_pass
from studyapp.recruitment import SIMULATED, Adapter, Arrival, EntryError, Seal, Verification
from studyapp.recruitment.prolific_token import TokenError, verify_token
from studyapp.recruitment.query_signature import is_signed
from studyapp.signing_keys import KeysUnavailableError, find_prolific_key

ARRIVAL_HOURS = 24
logger = logging.getLogger(__name__)


class UnprovenError(EntryError):
    """The link names somebody and is not proven; `status` is that of the answer."""

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Landing:
    """A link as it came: its platform, and who it says has come, not proven yet."""

    adapter: Adapter
    arrival: Arrival

    @property
    def is_proven(self) -> bool:
        """Whether a platform's signature, or ours, says who has come (`prove`); anybody can make the other links."""
        return self.adapter.verify is not Verification.NONE and not self.arrival.is_preview


def read_landing(request: HttpRequest, study: Study) -> Landing:
    """What the link says.

    Raises:
        EntryError: it names nobody, or somebody by a pass that is not ours.
    """
    parameters = request.GET.dict()
    adapter = SIMULATED if SIMULATED.proof_param in parameters else study.adapter
    if adapter.verify is Verification.OWN and (signed := parameters.get(adapter.proof_param)):
        name = read_pass(study, platform=adapter.name, signed=signed)
        if name is None:
            raise EntryError(_("This link is not one of ours, or was changed on its way. Please copy the whole link."))
        parameters[adapter.proof_param] = name
    return Landing(adapter, adapter.read_arrival(parameters))


def prove(request: HttpRequest, study: Study, landing: Landing) -> Arrival:
    """The arrival, with the seal of a token where one was needed.

    Raises:
        UnprovenError: the platform's signature is missing, wrong, too old, or cannot be checked now.
    """
    adapter = landing.adapter
    if landing.arrival.is_preview:
        return landing.arrival
    if adapter.verify is Verification.HMAC:
        _check_signature(request, study, adapter)
    if adapter.verify is Verification.JWT:
        return replace(landing.arrival, seal=_verify_token(request, study, adapter))
    return landing.arrival


def keep_seal(request: HttpRequest, response: HttpResponse, study: Study, seal: Seal | None) -> HttpResponse:
    """Let the browser come in by the same link again after its token has run out, as a reload does."""
    if seal is not None:
        response.set_signed_cookie(
            _cookie_name(study),
            f"{_digest_query(request)}.{seal.browser}",
            salt=_cookie_salt(study),
            max_age=ARRIVAL_HOURS * 3600,
            path=f"/s/{study.slug}/",
            httponly=True,
            samesite="Lax",
            secure=settings.HTTPS,
        )
    return response


def sign_arrival(study: Study, landing: Landing, arrival: Arrival) -> str:
    """The arrival as the consent page carries it; it is of one study, and good for a day."""
    said = {
        "platform": landing.adapter.name,
        "id": arrival.external_id,
        "session": arrival.session_id,
        "nonce": secrets.token_hex(12),
        "preview": arrival.is_preview,
        "captured": dict(arrival.captured),
        "seal": [arrival.seal.token_sha256, arrival.seal.browser] if arrival.seal else None,
    }
    return signing.dumps(said, salt=_arrival_salt(study))


def read_signed_arrival(study: Study, signed: str) -> Landing | None:
    """The inverse of `sign_arrival`; None for what we have not signed for this study, or not today."""
    try:
        said = signing.loads(signed, salt=_arrival_salt(study), max_age=ARRIVAL_HOURS * 3600)
    except signing.BadSignature:
        return None
    arrival = Arrival(
        external_id=said["id"],
        session_id=said["session"],
        nonce="" if said["id"] else said["nonce"],
        is_preview=said["preview"],
        captured=said["captured"],
        seal=Seal(*said["seal"]) if said["seal"] else None,
    )
    return Landing(SIMULATED if said["platform"] == SIMULATED.name else study.adapter, arrival)


def _check_signature(request: HttpRequest, study: Study, adapter: Adapter) -> None:
    secret = read_secret(adapter.secret_name)
    if not secret:
        logger.error("study %s: %s is not set, so nobody can enter", study.slug, adapter.secret_name)
        raise UnprovenError(_("This link cannot be checked at present. Please try again later."), status=503)
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    if not is_signed(pairs, secret=secret, signature_param=adapter.proof_param):
        logger.warning("study %s: a link without a right %s was refused", study.slug, adapter.proof_param)
        raise UnprovenError(
            _("This link could not be verified. Please open the study from its page on %(panel)s again.")
            % {"panel": adapter.title}
        )


def _verify_token(request: HttpRequest, study: Study, adapter: Adapter) -> Seal:
    """The seal of the link's token; a browser that has shown it in time is believed again for a day."""
    parameters = request.GET.dict()
    token = parameters.get(adapter.proof_param, "")
    digest = hashlib.sha256(token.encode()).hexdigest()
    shown = request.get_signed_cookie(
        _cookie_name(study), default="", salt=_cookie_salt(study), max_age=ARRIVAL_HOURS * 3600
    )
    query, _dot, browser = shown.partition(".")
    if token and browser and query == _digest_query(request):
        return Seal(digest, browser)
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        verify_token(token, parameters=parameters, host=host, find_key=find_prolific_key, now=timezone.now())
    except TokenError as error:
        logger.warning("study %s: a signed link was refused: %s", study.slug, error.reason)
        raise UnprovenError(error.args[0]) from None
    except KeysUnavailableError as error:
        logger.error("study %s: a signed link could not be checked: %s", study.slug, error)
        message = _(
            "We cannot check your link with Prolific at this moment; it is not your fault. Please wait a minute, and "
            "open the study from its page on Prolific again."
        )
        raise UnprovenError(message, status=503) from None
    return Seal(digest, secrets.token_hex(16))


def _digest_query(request: HttpRequest) -> str:
    pairs = sorted((name, value) for name, values in request.GET.lists() for value in values)
    return hashlib.sha256(urlencode(pairs).encode()).hexdigest()


def _arrival_salt(study: Study) -> str:
    return f"byline.arrival:{study.slug}"


def _cookie_name(study: Study) -> str:
    return f"byline-{study.slug}-link"


def _cookie_salt(study: Study) -> str:
    return f"byline.link:{study.slug}"
