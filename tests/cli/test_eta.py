"""One ETA over three phases: each by its own rate, and first guesses for those that have not begun."""

from asyncclean.cli.eta import Eta, words
from asyncclean.events import Note, PhaseEnded, PhaseStarted, Progress


def test_nothing_is_said_before_there_is_anything_to_go_by() -> None:
    eta = Eta()
    assert eta.left(0.0) is None
    eta.feed(PhaseStarted("upload", 1000, "bytes"), 0.0)
    eta.feed(Progress("upload", 1, 10), 0.1)
    assert eta.left(0.1) is None


def test_phases_to_come_are_taken_to_be_as_long_as_the_upload() -> None:
    eta = Eta()
    eta.feed(PhaseStarted("upload", 1000, "bytes"), 0.0)
    eta.feed(Progress("upload", 250, 10), 5.0)
    assert eta.left(5.0) == 15.0 + 20.0 + 20.0


def test_the_service_s_own_estimate_counts_for_the_job() -> None:
    eta = Eta()
    eta.feed(PhaseStarted("upload", 1000, "bytes"), 0.0)
    eta.feed(PhaseEnded("upload", 20.0, 100), 20.0)
    eta.feed(PhaseStarted("job", 100, "percent"), 20.0)
    eta.feed(Progress("job", 1, 0, left=50.0), 22.0)
    assert eta.left(22.0) == 50.0 + 52.0
    eta.feed(PhaseEnded("job", 50.0, 0), 70.0)
    eta.feed(PhaseStarted("download", 100, "records"), 70.0)
    eta.feed(Progress("download", 50, 50), 75.0)
    assert eta.left(75.0) == 5.0
    eta.feed(PhaseEnded("download", 10.0, 100), 80.0)
    assert eta.left(80.0) == 0.0


def test_a_phase_of_its_own_needs_no_other() -> None:
    eta = Eta(("download",))
    eta.feed(Note("hello"), 0.0)
    eta.feed(PhaseStarted("download", 100), 0.0)
    eta.feed(Progress("download", 10, 10), 1.0)
    assert eta.left(1.0) == 9.0


def test_times_read_well() -> None:
    assert [words(s) for s in (0.4, 59.4, 95, 7325)] == ["0 s", "59 s", "1 min 35 s", "2 h 02 min"]
