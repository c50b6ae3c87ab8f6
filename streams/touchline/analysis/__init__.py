"""Analysis: comparison, backtest, accounts and replay as pure functions; `reading` reads their input."""
