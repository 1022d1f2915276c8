"""Geometry of the charts: pure functions from numbers to coordinates; templates print them.

What is not a finite number is a gap: never drawn, never counted, never an exception.
"""

from whalefall.domain.charts.areas import Cell, treemap
from whalefall.domain.charts.bars import Fullness, Segment, fullness, share, stack, timeline
from whalefall.domain.charts.dumbbells import Dumbbell, dumbbells
from whalefall.domain.charts.lines import Chart, Line, Row, lines, trend
from whalefall.domain.charts.scale import Growth, growth, ticks
from whalefall.domain.charts.sparks import Spark, spark

__all__ = [
    "Cell",
    "Chart",
    "Dumbbell",
    "Fullness",
    "Growth",
    "Line",
    "Row",
    "Segment",
    "Spark",
    "dumbbells",
    "fullness",
    "growth",
    "lines",
    "share",
    "spark",
    "stack",
    "ticks",
    "timeline",
    "treemap",
    "trend",
]
