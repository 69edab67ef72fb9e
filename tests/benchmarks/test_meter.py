"""The sink's meter: how many requests were there at once, by the clock that the test holds."""

from benchmarks.sink.behaviour import Meter


def test_the_mean_in_flight_is_weighted_by_time() -> None:
    meter = Meter()
    meter.arrive(10.0)
    meter.arrive(11.0)
    meter.count(12.0, 200)
    meter.count(14.0, 200)
    found = meter.as_dict()
    assert found["seconds"] == 4.0
    assert found["mean_in_flight"] == (1 * 1 + 2 * 1 + 1 * 2) / 4
    assert found["peak_in_flight"] == 2


def test_answers_refusals_and_faults_are_counted_apart() -> None:
    meter = Meter()
    for _ in range(4):
        meter.arrive(0.0)
    meter.count(1.0, 200)
    meter.count(1.0, 429)
    meter.count(1.0, 500, broken=True)
    meter.count(1.0, 0, broken=True)
    found = meter.as_dict()
    assert (found["answered"], found["refused"], found["broken"], meter.in_flight) == (1, 1, 2, 0)


def test_requests_left_over_from_before_a_reset_do_not_count() -> None:
    meter = Meter(in_flight=1)
    meter.count(5.0, 200)
    meter.arrive(100.0)
    meter.count(101.0, 200)
    assert meter.as_dict()["mean_in_flight"] == 1.0


def test_a_meter_that_saw_nothing_divides_by_nothing() -> None:
    assert Meter().as_dict()["mean_in_flight"] == 0.0
