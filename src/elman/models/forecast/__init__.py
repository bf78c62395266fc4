"""What `Forecaster` is made of: settings, network, windows, intervals, naive forecasts, measures, backtest."""
