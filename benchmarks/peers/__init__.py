"""Other servers that give the same answers: what people would write or take instead."""
