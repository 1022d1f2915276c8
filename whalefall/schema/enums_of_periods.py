"""The closed sets of what is done and kept by time, with what the API says of each value."""

from whalefall.domain import states
from whalefall.resolvers import forecasts, partitions
from whalefall.schema.enums import describe

describe(
    states.AggregationPeriod,
    "How long a period is, in days of the business time zone.",
    {
        "DAILY": "A day.",
        "WEEKLY": "Monday to Sunday.",
        "MONTHLY": "A month of the calendar.",
        "QUARTERLY": "Three months, from January, April, July or October on.",
    },
)
describe(
    states.Trend,
    "What became of an average against that of the period before.",
    {
        "GROWING": "More than 5 % more.",
        "STABLE": "At most 5 % more or less.",
        "SHRINKING": "More than 5 % less.",
    },
)
describe(
    partitions.PartitionKind,
    "What a partitioned table holds.",
    {"RAW": "The sizes of days.", "AGGREGATES": "What was summed up of them."},
)
describe(
    partitions.PartitionState,
    "Where the month of a partition lies.",
    {
        "PAST": "Before this month.",
        "CURRENT": "This month.",
        "FUTURE": "After this month.",
        "DEFAULT": "It takes rows of months that have no partition; there should be none.",
    },
)
describe(
    states.ScheduleTask,
    "What WhaleFall does by itself.",
    {
        "CAPACITY": "Reads the databases and sizes of every active instance.",
        "AGGREGATION": "Sums sizes up by day, week, month and quarter.",
        "PARTITIONS": "Makes room for the sizes of the months ahead, and drops what is too old.",
        "RETENTION": "Deletes log lines, sessions and sign-ins that are too old.",
    },
)
describe(
    forecasts.ForecastStatus,
    "Whether there is a forecast.",
    {
        "READY": "There is one.",
        "INSUFFICIENT_DATA": "Fewer than 14 readings since the last purge or resize, or none for"
        " two weeks.",
    },
)
describe(
    forecasts.CeilingSource,
    "Who says how large a database may become.",
    {
        "ENGINE": "The settings of its files.",
        "MANUAL": "A limit that somebody has set.",
    },
)
