"""When a daily reading counts as late: a day and two hours, then a second day."""

FRESH_HOURS = 26
LATE_HOURS = 50
