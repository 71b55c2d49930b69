import itertools

import pytest

from studyapp.domain.loss_picture import BOTTOM, HEIGHT, LABEL_GAP, Curve, draw_losses, format_tokens


def make_curve(name, *, last=100_000, lowest=2.0):
    points = [(1000 * number, lowest + 5 / number) for number in range(1, last // 1000 + 1)]
    return Curve(name, train=points, held_out=points[9::10])


def read(points):
    return [tuple(map(float, pair.split(","))) for pair in points.split()]


def test_there_is_no_picture_of_less_than_two_points():
    assert draw_losses([]) is None
    assert draw_losses([Curve("a", train=[], held_out=[])]) is None
    assert draw_losses([Curve("a", train=[(10, 5.0)], held_out=[(10, 5.1)])]) is None


def test_lines_lie_within_the_axes_and_fall_to_the_right():
    picture = draw_losses([make_curve("small", lowest=3), make_curve("large", lowest=2.5)])
    for line in picture.lines:
        places = read(line.train)
        assert all(picture.left <= x <= picture.right and picture.top <= y <= picture.bottom for x, y in places)
        assert [x for x, _ in places] == sorted(x for x, _ in places)
        assert places[0][1] < places[-1][1]  # y grows downwards
    assert picture.lines[0].end[1] < picture.lines[1].end[1]
    assert [line.shade for line in picture.lines] == [0, 1]


def test_ticks_are_round_and_enclose_the_losses():
    picture = draw_losses([make_curve("small", lowest=3)])
    losses = [float(tick.text) for tick in picture.loss_ticks]
    assert losses[0] <= 3.05 and losses[-1] >= 8 and 4 <= len(losses) <= 8
    assert [tick.text for tick in picture.token_ticks] == ["1k", "10k", "100k"]


@pytest.mark.parametrize("last", [2000, 3000, 9000, 10**6, 300 * 10**9])
def test_there_are_ticks_whatever_the_span(last):
    picture = draw_losses([Curve("a", train=[(1000, 6.0), (last, 5.9)], held_out=[])])
    assert 2 <= len(picture.token_ticks) <= 10
    places = [tick.place for tick in picture.token_ticks]
    assert all(b - a > 15 for a, b in itertools.pairwise(places))


def test_names_stand_apart_even_where_lines_end_together():
    picture = draw_losses([make_curve(f"m{number}", lowest=2 + number / 1000) for number in range(9)])
    places = sorted(line.label_y for line in picture.lines)
    assert all(b - a >= LABEL_GAP - 0.11 for a, b in itertools.pairwise(places))
    assert places[-1] <= HEIGHT - BOTTOM


def test_a_model_that_has_not_begun_is_left_out_and_keeps_its_shade():
    picture = draw_losses([make_curve("a"), Curve("b", train=[], held_out=[]), make_curve("c")])
    assert [(line.name, line.shade) for line in picture.lines] == [("a", 0), ("c", 1)]


@pytest.mark.parametrize(
    ("tokens", "text"), [(800, "800"), (20_000, "20k"), (1.5e6, "1.5M"), (300e9, "300B"), (2e12, "2T")]
)
def test_tokens_in_short(tokens, text):
    assert format_tokens(tokens) == text
