"""Scores and counting baselines that several jobs share."""
