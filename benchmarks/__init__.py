"""Benchmarks of asyncclean beside what else one would use, on one machine, in one run.

``python -m benchmarks`` runs them all; see docs/benchmarks.md.
"""
