"""Forecast series of numbers: `Forecaster`."""
