"""Turns and ratios: who is measured when, and what is compared with what."""

from benchmarks.measure import Measured
from benchmarks.rounds import Case, interleave, median, moving_rate, others, ratio, spread


def case(name: str, records: int = 1000) -> Case:
    return Case(name, [name], records, moved=lambda told: float(told["seconds"]))


def measured(seconds: float) -> Measured:
    return Measured(
        wall=seconds + 1,
        cpu=seconds,
        busy=2 * seconds,
        peak_mb=50,
        family_mb=50,
        memory=[(0.0, 50.0)],
        told={"seconds": seconds},
        sink={"trace": [1, 2], "answered": 1},
    )


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def run(one: Case) -> Measured:
        order.append(one.name)
        return measured(1.0)

    interleave([case("a"), case("b")], 3, run, say=lambda line: None)
    assert order == ["a", "b", "a", "b", "a", "b"]


def test_a_ratio_is_made_within_each_round_before_the_median() -> None:
    # The second round was slow for both, the third for one.
    seconds = {"a": iter([1.0, 10.0, 1.0]), "b": iter([2.0, 20.0, 8.0])}
    runs = interleave(
        [case("a"), case("b")], 3, lambda one: measured(next(seconds[one.name])), say=lambda line: None
    )
    assert ratio(runs, "a", "b", moving_rate) == 2.0
    assert median(runs["b"], moving_rate) == 1000 / 8
    assert spread(runs["a"], moving_rate) == (100.0, 1000.0)


def test_contenders_with_fewer_records_are_compared_by_rate() -> None:
    runs = interleave(
        [case("many", 1000), case("few", 100)], 1, lambda one: measured(1.0), say=lambda line: None
    )
    assert ratio(runs, "many", "few", moving_rate) == 10.0


def test_only_the_first_round_keeps_its_course_over_time() -> None:
    first, second = interleave([case("a")], 2, lambda one: measured(1.0), say=lambda line: None)["a"]
    assert (first["memory"], first["sink"]["trace"]) == ([(0.0, 50.0)], [1, 2])
    assert (second["memory"], second["sink"]["trace"]) == ([], [])


def test_what_others_did_is_neither_the_command_s_nor_the_sink_s() -> None:
    run = {"wall": 10.0, "busy": 6.0, "cpu": 3.0, "sink": {"cpu": 1.0}}
    assert others(run, 2) == 2.0 / 20.0
