"""Share scores and counting baselines among jobs."""
