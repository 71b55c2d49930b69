"""What Brown et al. 2020 published of their two studies: tables 3.11 and 3.12, E.1 and E.2 (arXiv 2005.14165).

Numbers as printed; t and p as text, since how far they were rounded says what they can have been.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedArm:
    """One arm. `accuracy`, `low`, `high` and `dont_know` in percent; `t` against the control, with its `p`."""

    label: str
    n_params: float
    accuracy: int
    low: int
    high: int
    t: str
    p: str
    dont_know: float
    recruited: int
    excluded: int
    words_human: int
    words_model: int
    is_control: bool = False

    @property
    def participants(self) -> int:
        """Recruited without the excluded: the number that was analysed is not printed."""
        return self.recruited - self.excluded


@dataclass(frozen=True)
class PublishedStudy:
    """One table, the control first. `recruited_in_text`: what the paper's text says of all arms together."""

    name: str
    title: str
    arms: tuple[PublishedArm, ...]
    recruited_in_text: int | None = None

    @property
    def control(self) -> PublishedArm:
        return self.arms[0]

    @property
    def models(self) -> tuple[PublishedArm, ...]:
        return self.arms[1:]


SHORT = PublishedStudy(
    "short",
    "Articles of about 200 words (tables 3.11 and E.1)",
    (
        PublishedArm("Control", 160e6, 86, 83, 90, "", "", 3.6, 76, 7, 216, 216, is_control=True),
        PublishedArm("Small", 125e6, 76, 72, 80, "3.9", "2e-4", 4.9, 80, 7, 216, 188),
        PublishedArm("Medium", 350e6, 61, 58, 65, "10.3", "7e-21", 6.0, 80, 7, 216, 202),
        PublishedArm("Large", 760e6, 68, 64, 72, "7.3", "3e-11", 8.7, 81, 24, 216, 200),
        PublishedArm("XL", 1.3e9, 62, 59, 65, "10.7", "1e-19", 7.5, 79, 14, 216, 199),
        PublishedArm("2.7B", 2.7e9, 62, 58, 65, "10.4", "5e-19", 7.1, 80, 11, 216, 202),
        PublishedArm("6.7B", 6.7e9, 60, 56, 63, "11.2", "3e-21", 6.2, 76, 5, 216, 195),
        PublishedArm("13B", 13e9, 55, 52, 58, "15.3", "1e-32", 7.1, 81, 13, 216, 209),
        PublishedArm("175B", 175e9, 52, 49, 54, "16.9", "1e-34", 7.8, 80, 9, 216, 216),
    ),
    recruited_in_text=718,
)
LONG = PublishedStudy(
    "long",
    "Articles of about 500 words (tables 3.12 and E.2)",
    (
        PublishedArm("Control", 160e6, 88, 84, 91, "", "", 2.7, 79, 17, 569, 464, is_control=True),
        PublishedArm("175B", 175e9, 52, 48, 57, "12.7", "3.2e-23", 10.6, 81, 19, 569, 498),
    ),
)
PRESETS = {"gpt3-short": SHORT, "gpt3-long": LONG}
