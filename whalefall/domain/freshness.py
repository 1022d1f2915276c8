"""When a reading counts as late: the pause between two collections and two hours, then another."""

GRACE_HOURS = 2  # what a night's collecting may take
USUAL_PAUSE_SECONDS = 86_400  # where no schedule says otherwise
