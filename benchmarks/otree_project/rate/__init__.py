"""Twenty-five texts, each with one question of five answers: what Byline's item page shows and asks, in oTree."""

import json
from pathlib import Path

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models, widgets

ARTICLES = json.loads(Path("articles.json").read_text(encoding="utf-8"))


class C(BaseConstants):
    NAME_IN_URL = "rate"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = len(ARTICLES)


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


class Player(BasePlayer):
    judgment = models.IntegerField(
        label="Who wrote this article?",
        choices=[
            [1, "Very likely written by a human"],
            [2, "More likely written by a human"],
            [3, "I don't know"],
            [4, "More likely written by a machine"],
            [5, "Very likely written by a machine"],
        ],
        widget=widgets.RadioSelect,
    )


class Judge(Page):
    form_model = "player"
    form_fields = ["judgment"]

    @staticmethod
    def vars_for_template(player):
        return {"article": ARTICLES[player.round_number - 1]}


page_sequence = [Judge]
