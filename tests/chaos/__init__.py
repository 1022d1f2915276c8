"""WhaleFall itself under blows: workers, schedulers, database and broker are killed for real."""
