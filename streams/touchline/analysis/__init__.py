"""Questions about what is stored: comparison, backtest, accounts, replay, one customer's history."""
