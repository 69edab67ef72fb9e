"""The limiter against services in virtual time: what it finds, and what it never does."""

import asyncio
import statistics
from dataclasses import replace

import pytest

from asyncclean.api.pacing import Limiter
from tests.api import virtual_time
from tests.api.scenarios import Seen, Service, best_fixed, simulate


def mean_limit(seen: Seen, after: float = 1.0) -> float:
    limits = [limit for at, limit, _ in seen.limits if at >= after]
    return sum(limits) / len(limits)


def test_a_small_service_is_kept_busy_by_few() -> None:
    seen = simulate(Service(capacity=8, service=0.02), requests=2000)
    assert seen.throughput >= 0.95 * 400
    assert seen.mean_in_flight <= 24


def test_a_distant_and_small_service_is_filled_and_not_flooded() -> None:
    # 400 requests a second of 50 ms each: 20 in flight fill it.
    seen = simulate(Service(latency=0.03, capacity=8, service=0.02), seconds=10)
    assert seen.throughput >= 0.95 * 400
    assert mean_limit(seen) <= 2 * 20


@pytest.mark.parametrize(("latency", "requests"), [(0.01, 2000), (0.05, 2000), (0.2, 6000)])
def test_a_distant_service_that_takes_many_gets_nearly_as_many_as_from_the_best_fixed_number(
    latency: float, requests: int
) -> None:
    # 1 ms a block is what this client needs by itself: 1,000 blocks a second.
    service = Service(latency=latency, capacity=256, service=0.0005, client=0.001)
    best = best_fixed(service, requests, (16, 64, 256))
    assert simulate(service, requests=requests).throughput >= 0.9 * best


def test_a_service_beside_us_is_not_slowed_down() -> None:
    service = Service(service=0.001, capacity=4)
    best = best_fixed(service, 3000, (4, 8, 16))
    assert simulate(service, requests=3000).throughput >= 0.95 * best


def test_a_service_that_gets_slower_as_a_whole_does_not_drive_the_limit_to_the_floor() -> None:
    fast = Service(latency=0.02, capacity=64, client=0.001)
    slow = replace(fast, latency=0.2)
    seen = simulate(fast, seconds=40, changes={5.0: slow})
    assert mean_limit(seen, after=15.0) >= 8
    assert seen.refused == 0


def test_a_service_that_shrinks_and_grows_is_followed() -> None:
    large = Service(latency=0.02, capacity=64, service=0.02, client=0.001)
    small = replace(large, capacity=4)
    seen = simulate(large, seconds=30, changes={10.0: small, 20.0: large})
    assert seen.throughput >= 0.5 * (4 / 0.02)


def test_a_limit_that_is_asked_for_is_held_to_exactly() -> None:
    seen = simulate(Service(latency=0.01), fixed=5, requests=500)
    assert seen.mean_in_flight <= 5


def test_a_rate_that_is_asked_for_is_held_to() -> None:
    seen = simulate(Service(latency=0.01), rate=50, seconds=20)
    assert 0.95 * 50 <= seen.throughput <= 1.05 * 50


@pytest.mark.parametrize(("burst", "share"), [(1.0, 0.8), (10.0, 0.9), (50.0, 0.9)])
def test_a_service_s_own_rate_is_learnt_with_few_refusals(burst: float, share: float) -> None:
    # Without a burst, requests that come a little unevenly are refused at the rate itself.
    seen = simulate(Service(latency=0.01, rate=100, burst=burst), seconds=60)
    assert seen.throughput >= share * 100
    assert seen.refused < 0.03 * (seen.taken + seen.refused)


def test_a_limit_of_100_a_second_is_used_by_95_percent_within_a_minute() -> None:
    seen = simulate(Service(rate=100), seconds=60)
    assert seen.throughput >= 0.95 * 100
    assert seen.refused < 0.03 * (seen.taken + seen.refused)


def test_a_limit_that_is_known_is_not_sought_again_and_again() -> None:
    service = Service(rate=100, latency=0.01, noise=0.3)
    for seed in range(1, 6):
        assert simulate(service, seconds=100, seed=seed).throughput >= 0.95 * 100, seed


def test_those_that_come_back_after_a_refusal_are_spaced_as_well() -> None:
    # Four refused, a bucket of three: all at once they would be refused again, and tell nothing of the rate.
    service = Service(latency=0.002, noise=0.9, rate=100, burst=3.0, client=0.0005)
    for seed in range(8, 13):
        seen = simulate(service, requests=1000, seed=seed)
        assert seen.throughput >= 70, seed


@pytest.mark.parametrize(("spurious", "share", "runs"), [(0.003, 0.95, 1), (0.01, 0.9, 1), (0.02, 0.5, 6)])
@pytest.mark.parametrize("latency", [0.004, 0.05])
def test_refusals_for_no_reason_do_not_starve_a_run(
    spurious: float, share: float, runs: int, latency: float
) -> None:
    """What is made of very many is a matter of luck in a single run: 0.4 to 0.8 of the best."""
    service = Service(latency=latency, capacity=8, service=0.016, client=0.001, retry_after=None)
    best = best_fixed(service, 2000, (16, 32, 64))
    service = replace(service, spurious=spurious)
    found = [simulate(service, seconds=30, seed=seed).throughput for seed in range(1, runs + 1)]
    assert statistics.mean(found) >= share * best


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_service_s_own_rate_is_learnt_though_it_asks_for_no_wait(retry_after: float | None) -> None:
    seen = simulate(Service(latency=0.01, rate=100, retry_after=retry_after), seconds=60)
    assert seen.throughput >= 0.95 * 100
    assert seen.refused < 0.03 * (seen.taken + seen.refused)


def test_a_limit_that_is_halved_is_learnt_anew() -> None:
    seen = simulate(Service(rate=100), seconds=80, changes={40.0: Service(rate=50)})
    assert seen.taken >= 0.9 * (40 * 100 + 40 * 50)
    assert seen.refused < 0.01 * seen.taken


def test_a_full_queue_pushes_back_and_is_not_hammered() -> None:
    seen = simulate(Service(capacity=8, service=0.02, queue=16), seconds=30)
    assert seen.throughput >= 0.8 * 400
    assert seen.refused < 0.05 * seen.taken


def test_permits_are_given_first_come_first_served_and_survive_cancellation() -> None:
    async def main() -> list[int]:
        limiter = Limiter(fixed=1)
        order: list[int] = []

        async def use(number: int) -> None:
            await limiter.acquire()
            order.append(number)
            await asyncio.sleep(1)
            limiter.release()

        tasks = [asyncio.create_task(use(number)) for number in range(5)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limiter.in_flight == 0
        return order

    assert virtual_time.run(main()) == [0, 1, 3, 4]


def test_a_closed_gate_holds_everybody() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        limiter = Limiter(fixed=10, clock=loop.time)
        await limiter.acquire()
        limiter.pushed_back(refused=False, retry_after=5.0)
        limiter.release()
        await asyncio.gather(*(limiter.acquire() for _ in range(3)))
        return loop.time()

    assert virtual_time.run(main()) >= 5.0
