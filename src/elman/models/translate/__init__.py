"""Translate one sequence into another: `Translator`."""
