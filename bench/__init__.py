"""Benchmarks: each one command, each printing ratios of figures taken in one run on one machine."""
