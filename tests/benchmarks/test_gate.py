"""The sink's gate: what becomes of a request, by the clock that the test holds."""

import pytest

from benchmarks.sink.behaviour import Behaviour, Break, Gate, Refuse, Serve, parse_faults


def test_without_orders_every_request_is_answered_at_once() -> None:
    gate = Gate(Behaviour(), 0.0)
    assert [gate.decide(0.0) for _ in range(3)] == [Serve(0.0)] * 3


def test_latency_is_added_to_every_request_alike() -> None:
    gate = Gate(Behaviour(latency=0.05), 0.0)
    assert [gate.decide(0.0) for _ in range(3)] == [Serve(0.05)] * 3


def test_requests_above_the_capacity_wait_for_their_turn() -> None:
    gate = Gate(Behaviour(capacity=2, service=1.0), 0.0)
    assert [gate.decide(0.0) for _ in range(5)] == [Serve(1), Serve(1), Serve(2), Serve(2), Serve(3)]


def test_a_place_that_came_free_is_taken_without_waiting() -> None:
    gate = Gate(Behaviour(capacity=1, service=1.0), 0.0)
    assert gate.decide(0.0) == Serve(1.0)
    assert gate.decide(0.25) == Serve(1.75)
    assert gate.decide(10.0) == Serve(1.0)


def test_the_network_s_latency_comes_on_top_of_the_queue() -> None:
    gate = Gate(Behaviour(capacity=1, service=1.0, latency=0.5), 0.0)
    assert [gate.decide(0.0) for _ in range(2)] == [Serve(1.5), Serve(2.5)]


def test_a_full_queue_refuses_and_a_queue_that_moved_takes_again() -> None:
    gate = Gate(Behaviour(capacity=1, service=1.0, queue=1), 0.0)
    assert gate.decide(0.0) == Serve(1.0)
    assert gate.decide(0.0) == Serve(2.0)
    assert gate.decide(0.0) == Refuse(503, 0.0)
    assert gate.decide(1.0) == Serve(2.0)


def test_a_rate_lets_through_the_burst_and_then_what_is_earned() -> None:
    gate = Gate(Behaviour(rate=10.0, burst=2.0, retry_after=3), 0.0)
    refused = Refuse(429, 0.0, retry_after=3)
    assert [gate.decide(0.0) for _ in range(3)] == [Serve(0.0), Serve(0.0), refused]
    assert gate.decide(0.05) == refused
    assert gate.decide(0.1) == Serve(0.0)
    assert gate.decide(0.1) == refused


def test_no_more_than_the_burst_is_ever_saved_up() -> None:
    gate = Gate(Behaviour(rate=10.0, burst=2.0), 0.0)
    verdicts = [gate.decide(1000.0) for _ in range(3)]
    assert [type(verdict) for verdict in verdicts] == [Serve, Serve, Refuse]


def test_every_nth_request_goes_wrong_in_each_way_in_turn() -> None:
    gate = Gate(Behaviour(fault_every=2, faults=("500", "reset")), 0.0)
    verdicts = [gate.decide(0.0) for _ in range(6)]
    assert verdicts == [Serve(0), Break("500", 0), Serve(0), Break("reset", 0), Serve(0), Break("500", 0)]


def test_a_behaviour_survives_the_way_over_the_wire() -> None:
    behaviour = Behaviour(latency=0.1, capacity=8, service=0.02, queue=4, rate=100.0, faults=("reset",))
    assert Behaviour.of(behaviour.as_dict()) == behaviour


def test_an_unknown_fault_is_named() -> None:
    assert parse_faults("500,reset") == ("500", "reset")
    with pytest.raises(ValueError, match="no such fault: fire; choose from 500, 503, reset, truncate"):
        parse_faults("500,fire")
