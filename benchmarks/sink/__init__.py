"""A service that costs almost nothing, so that what is measured is the client: accepts blocks, serves pages.

It needs nothing from outside the machine. What it does to requests (latency, capacity, rate limits,
faults) is its `Behaviour`; `python -m benchmarks.sink --help` runs it by hand.
"""
