"""From a record to Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIGNIFICANT_DIGITS = 3


class Table(NamedTuple):
    """Lines that may lack some columns; the columns are those of the lines, as they first appear."""

    caption: str
    lines: list[dict[str, str]]


def number(value: float) -> str:
    """Three significant digits, with an exponent for what is tiny or huge."""
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{SIGNIFICANT_DIGITS - 1}e}"
    digits = max(SIGNIFICANT_DIGITS, len(str(int(abs(value)))))
    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def percent(share: float) -> str:
    """A share as a whole number of percent."""
    return f"{100 * share:.0f}%"


def sized(count: float | None) -> str:
    """Bytes in MiB or GiB; nothing where they are not known."""
    if count is None:
        return ""
    return f"{number(count / 2**30)} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def with_range(values: Sequence[float] | None) -> str:
    """`median (lowest, highest)`."""
    if values is None:
        return ""
    median, lowest, highest = values
    return f"{median:.2f} ({lowest:.2f}, {highest:.2f})"


def markdown_table(lines: list[dict[str, str]]) -> str:
    """Lines under the columns that any of them has; nothing without lines."""
    if not lines:
        return ""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    cells = [columns, ["---"] * len(columns)]
    cells += [[line.get(column, "").replace("|", r"\|") for column in columns] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def question_report(title: str, tables: list[Table], failed: list[dict], heading: str) -> str:
    """One question's tables, and a line for every case without a result."""
    parts = [f"{heading} {title}"]
    for table in tables:
        if table.lines:
            parts += [table.caption, markdown_table(table.lines)]
    if failed:
        parts.append("\n".join(f"- {case_name(row['case'])}: {row['failure']}" for row in failed))
    return "\n\n".join(parts)


def case_name(case: dict) -> str:
    """`recipe default, size 512`."""
    return ", ".join(f"{key} {value}" for key, value in case.items())
