"""Experiments with a known truth, which the tests share with the simulations of ``benchmarks/noise``."""

from benchmarks.noise.experiment import Experiment

__all__ = ["Experiment"]
