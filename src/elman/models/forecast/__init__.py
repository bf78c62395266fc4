"""What `Forecaster` is made of: options, network, windows, intervals, naive forecasts, measures, backtest."""
