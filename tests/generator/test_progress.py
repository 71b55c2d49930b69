import io

from generator.progress import LineBoard, format_seconds, open_board


def test_lines_come_every_few_seconds_and_at_the_end():
    stream, now = io.StringIO(), iter([0.0, 2.0, 6.0, 8.0, 20.0])
    board = LineBoard(stream, clock=lambda: next(now))
    for done in (0, 10, 30, 40, 100):
        board.show("small", done=done, total=100, note="loss 3")
    assert stream.getvalue().splitlines() == ["small: 30%  loss 3  14 s left", "small: 100%  loss 3"]


def test_no_bar_where_there_is_no_terminal():
    stream = io.StringIO()
    with open_board(stream) as board:
        board.show("small", done=1, total=1)
        board.say("over")
    assert stream.getvalue() == "small: 100%\nover\n"


def test_seconds_are_readable():
    assert [format_seconds(s) for s in (-1, 42.4, 185, 7800)] == ["0 s", "42 s", "3 min 05 s", "2 h 10 min"]
