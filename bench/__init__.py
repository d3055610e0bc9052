"""Benchmarks: `python -m bench`. They print figures and ratios to something measured in the same run; nothing is timed
in a test."""
