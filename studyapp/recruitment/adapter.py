"""The shape that every recruitment platform has: how its link is read, and how each end of a participation is told.

A platform's module makes an `Adapter` from what a study says of it (`Terms`); the adapter then knows every name, code
and address, so that nothing about a platform is decided anywhere else.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.links import fill_link, is_allowed, is_placeholder

MOST_CAPTURED = 500  # characters of one further parameter that are kept
ANY_ID = r"[^\s\x00-\x1f\x7f]{1,120}"


class EntryError(ValueError):
    """A link that cannot start a participation; the message, a `Sentence`, is shown to the visitor."""


class Outcome(StrEnum):
    """How a participation ends, as a study file names it."""

    COMPLETE = "complete"
    NO_CONSENT = "no_consent"
    SCREEN_OUT = "screen_out"
    QUOTA_FULL = "quota_full"
    FAILED_CHECKS = "failed_checks"
    DEVICE = "device"
    ERROR = "error"


class Verification(StrEnum):
    """How it is known that a link was made by whoever may make one."""

    NONE = "none"
    JWT = "jwt"  # a token that the platform signs with its key
    HMAC = "hmac"  # a signature of the query under a secret that both sides know
    OWN = "own"  # a value that this site has signed itself


@dataclass(frozen=True)
class Seal:
    """A signed link that was verified: the digest of its token, and a name for the browser that brought it."""

    token_sha256: str
    browser: str


@dataclass(frozen=True)
class Arrival:
    """Who a link says has come. `external_id` is the platform's id, empty where the platform has none.

    `nonce` stands for the person where there is no such id: drawn for one consent page, it makes a double click on
    that page one participation. `is_preview` marks a researcher's look at the link: it stores nothing. `captured` are
    further parameters of the link, which are kept with the platform's ids and never exported.
    """

    external_id: str = ""
    session_id: str = ""
    nonce: str = ""
    is_preview: bool = False
    captured: Mapping[str, str] = field(default_factory=dict)
    seal: Seal | None = None


@dataclass(frozen=True)
class Exit:
    """How one outcome is told to a platform: a code, an address with places to fill, or both.

    The places are `{id}`, `{session}`, `{code}` and the names of captured parameters, in braces. A POST carries
    `fields`, whose values have places too.
    """

    code: str = ""
    url_template: str = ""
    method: Literal["GET", "POST"] = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """What one participant is shown at their end. Without a declared outcome there is neither code nor link."""

    outcome: Outcome
    title: str = ""
    code: str = ""
    url: str = ""
    method: Literal["GET", "POST"] = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""  # what to do on the platform where neither a code nor a link says it

    @property
    def is_told(self) -> bool:
        return bool(self.code or self.url)


@dataclass(frozen=True)
class Terms:
    """What a study says of its platform. `hosts` are those that its links may lead to beside the platform's own."""

    completion_code: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    secure_link: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


def has_placeholder_for_id(adapter: "Adapter", parameters: Mapping[str, str]) -> bool:
    """The platform's own preview: the link came without its places filled."""
    return is_placeholder(parameters.get(adapter.id_param, ""))


@dataclass(frozen=True)
class Adapter:
    """One platform, in the words of one study."""

    name: str
    title: str  # for people
    id_param: str = ""
    session_param: str = ""
    study_param: str = ""
    capture: tuple[str, ...] = ()
    id_shape: str = ANY_ID
    session_shape: str = ANY_ID
    preview_rule: Callable[["Adapter", Mapping[str, str]], bool] = has_placeholder_for_id
    check_captured: Callable[[dict[str, str]], dict[str, str]] = dict
    outcomes: Mapping[Outcome, Exit] = field(default_factory=dict)
    verify: Verification = Verification.NONE
    proof_param: str = ""  # where the token, signature or pass stands
    secret_name: str = ""  # of the environment variable that holds the secret of an HMAC
    allowed_hosts: tuple[str, ...] = ()
    entry_query: str = ""  # what the link given to the platform carries, with the platform's own placeholders
    entry_note: str = ""  # what staff must know of that link
    return_hint: str = ""
    frame_ancestors: tuple[str, ...] = ()  # where its pages are shown inside another site's

    def read_arrival(self, parameters: Mapping[str, str]) -> Arrival:
        """Who has come by a link with these query parameters.

        Raises:
            EntryError: the participant's id is missing or is none, or a parameter is not what the platform sends.
        """
        if self.preview_rule(self, parameters):
            return Arrival(is_preview=True)
        if not self.id_param:
            return Arrival()
        external_id = parameters.get(self.id_param, "").strip()
        if not re.fullmatch(self.id_shape, external_id):
            raise EntryError(
                Sentence(
                    "This link carries no %(panel)s ID (%(parameter)s). Please open the study from its page on "
                    "%(panel)s again; if that does not help, write to the researchers there.",
                    panel=self.title,
                    parameter=self.id_param,
                )
            )
        session_id = parameters.get(self.session_param, "").strip()
        names = [name for name in (self.study_param, *self.capture) if name and parameters.get(name)]
        captured = {name: parameters[name][:MOST_CAPTURED] for name in names}
        return Arrival(
            external_id=external_id,
            session_id=session_id if re.fullmatch(self.session_shape, session_id) else "",
            captured=self.check_captured(captured),
        )

    def end(self, outcome: Outcome, arrival: Arrival) -> Ending:
        """What somebody who came so is shown at that end.

        A check that is failed ends as a completion where the study declares nothing else (it is paid all the same),
        and a device or an error as a screen-out. Nothing else ever ends as a completion.
        """
        stand_in = {
            Outcome.FAILED_CHECKS: Outcome.COMPLETE,
            Outcome.DEVICE: Outcome.SCREEN_OUT,
            Outcome.ERROR: Outcome.SCREEN_OUT,
        }
        way = self.outcomes.get(outcome) or self.outcomes.get(stand_in.get(outcome, outcome))
        if way is None:
            is_paid = outcome in (Outcome.COMPLETE, Outcome.FAILED_CHECKS)
            return Ending(outcome=outcome, title=self.title, hint="" if is_paid else self.return_hint)
        places = {**arrival.captured, "id": arrival.external_id, "session": arrival.session_id, "code": way.code}
        url = fill_link(way.url_template, places)
        if url and not is_allowed(url, self.allowed_hosts):
            url = ""  # never reached by a study file that was checked; a link that leads elsewhere is not shown
        return Ending(
            outcome=outcome,
            title=self.title,
            code=way.code,
            url=url,
            method=way.method,
            fields={name: _fill_plainly(value, places) for name, value in way.fields.items()},
        )


def with_outcomes(adapter: Adapter, terms: Terms, outcomes: Mapping[Outcome, Exit]) -> Adapter:
    """The adapter with the ends that a study declares, and with its hosts beside those of the platform."""
    return replace(adapter, outcomes=outcomes, allowed_hosts=(*adapter.allowed_hosts, *terms.hosts))


def _fill_plainly(template: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        template = template.replace("{" + name + "}", value)
    return template
