"""Twenty minutes of it; WHALEFALL_CHAOS_SEED says which twenty."""
