"""What a run found, as one JSON file a machine."""

import json
import os
from pathlib import Path

from benchmarks.questions import QUESTIONS, tell
from nstjax.errors import UserError


def load_record(path: Path) -> dict:
    """The record in a file, or an empty one where there is none.

    Raises `UserError` where it is broken.
    """
    if not path.is_file():
        return {"questions": {}}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path} is no JSON ({error}): move it away or take another folder"
        ) from error


def save_record(record: dict, path: Path) -> None:
    """Writes it whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n")
    os.replace(partial, path)


def put_row(record: dict, question: str, row: dict) -> None:
    """Adds a row, in the place of an earlier one of the same case; a failure replaces no result."""
    rows = record["questions"].setdefault(question, [])
    for index, known in enumerate(rows):
        if known["case"] == row["case"]:
            if "result" in row or "result" not in known:
                rows[index] = row
            return
    rows.append(row)


def report(record: dict, heading: str = "#") -> str:
    """The whole record in Markdown, under a heading of the given depth."""
    machine = record["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    inputs = ", ".join(f"{name} {value}" for name, value in record["inputs"].items())
    parts = [f"{heading} {machine['name']}", f"With {versions}; {inputs}."]
    asked = [name for name in QUESTIONS if name in record["questions"]]
    parts += [tell(name, record["questions"][name], f"{heading}#") for name in asked]
    return "\n\n".join(parts)
