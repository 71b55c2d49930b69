"""How programs end."""

import pytest

from generator.command import command
from generator.remote_server import RemoteError


@pytest.mark.parametrize(
    ("fault", "status"),
    [(None, 0), (ValueError("no such size"), 2), (OSError("no such file"), 2), (RemoteError("no answer"), 2)],
)
def test_a_program_ends_with_its_status_and_says_what_was_wrong(fault, status, capsys):
    @command
    def main(arguments):
        assert arguments == ["--size", "1m"]
        if fault is not None:
            raise fault

    assert main(["--size", "1m"]) == status
    assert capsys.readouterr().err == ("" if fault is None else f"error: {fault}\n")


def test_an_interrupted_program_says_so_by_its_status_and_a_bug_keeps_its_trace():
    @command
    def main(arguments):
        raise KeyboardInterrupt if arguments is None else KeyError("a bug")

    assert main() == 130
    with pytest.raises(KeyError):
        main([])
