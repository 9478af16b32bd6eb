"""A record's rows: one a picture."""

from benchmarks.look.pairs import all_pairs
from benchmarks.look.programs import PROGRAMS


def kept_rows(record: dict, about: dict) -> list[dict]:
    """The rows of an earlier record that still hold.

    None of another size or painter, none of pictures that nobody asks for any more; and what another
    judge said is left out, while seconds stay.

    Args:
        record: the earlier one, or an empty one.
        about: `size`, `painter` and `judge` of the new one.
    """
    if any(record.get(name) != about[name] for name in ("size", "painter")):
        return []
    rows = [row for row in record["rows"] if _order(row) is not None]
    if record["judge"] == about["judge"]:
        return rows
    return [{name: row[name] for name in row if name != "measures"} for row in rows]


def find_row(rows: list[dict], row: dict) -> dict:
    """The row of the same picture, or an empty one."""
    return next((each for each in rows if _key(each) == _key(row)), {})


def put_row(rows: list[dict], row: dict) -> list[dict]:
    """The rows in the order of pairs and programs, with this one in place of an earlier one."""
    others = [each for each in rows if _key(each) != _key(row)]
    return sorted([*others, row], key=lambda each: _order(each) or (0, 0))


def _key(row: dict) -> tuple:
    return tuple(row["pair"]), row["program"]


def _order(row: dict) -> tuple[int, int] | None:
    pairs, programs = all_pairs(), list(PROGRAMS)
    pair, program = _key(row)
    if pair not in pairs or program not in programs:
        return None
    return pairs.index(pair), programs.index(program)
