"""`python -m benchmarks.forecast [SEED]`: the back-test of the forecast."""

import sys

from benchmarks.forecast.backtest import report

for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 2026):
    print(line, flush=True)
