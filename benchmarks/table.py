"""Writes the records in `results/` into the two READMEs: `python -m benchmarks.table`.

Whatever stands between `<!-- results -->` and `<!-- /results -->` is replaced: in `benchmarks/README.md`
by every machine's whole report, in the README at the top by one line a machine.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import PLAIN_REFERENCE, our_name
from benchmarks.race import PLAIN_ADAM
from benchmarks.record import report
from benchmarks.report import markdown_table
from benchmarks.step import step_ratio
from benchmarks.time_to_loss import time_ratio
from nstjax.errors import UserError

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
BEGIN, END = "<!-- results -->", "<!-- /results -->"
SUMMARY_SIZES = (256, 512, 1024)
SUMMARY_RECIPE = "default"


def fill(text: str, content: str) -> str:
    """The text with the content between the markers.

    Raises `UserError` where it does not have each marker once, in order.
    """
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if text.count(BEGIN) != 1 or text.count(END) != 1 or not pattern.search(text):
        raise UserError(f"the text lacks a place for results: write {BEGIN} and {END} there, once")
    return pattern.sub(lambda _: f"{BEGIN}\n{content}\n{END}", text)


def full_report(records: Sequence[dict]) -> str:
    """Every machine's tables."""
    return "\n\n".join(report(record, "##") for record in records)


def summary(records: Sequence[dict]) -> str:
    """One line a machine: how many times as long PyTorch takes, eager and in float32."""
    return markdown_table(
        [
            {"machine": record["machine"]["name"], **_steps(record), **_losses(record)}
            for record in records
        ]
    )


def _rows(record: dict, question: str) -> list[dict]:
    """Those with a result, of our own recipe."""
    return [
        row
        for row in record["questions"].get(question, [])
        if "result" in row and row["case"].get("recipe") == SUMMARY_RECIPE
    ]


def _steps(record: dict) -> dict[str, str]:
    found = {}
    for row in sorted(_rows(record, "step"), key=lambda row: row["case"]["size"]):
        ratio = step_ratio(row["result"], PLAIN_REFERENCE)
        size = row["case"]["size"]
        if row["case"]["optimizer"] == "lbfgs" and size in SUMMARY_SIZES and ratio:
            found[f"step, {size} px"] = f"{ratio[0]:.2f}"
    return found


def _losses(record: dict) -> dict[str, str]:
    found = {}
    for row in sorted(_rows(record, "time_to_loss"), key=lambda row: row["case"]["size"]):
        for target in row["result"]["targets"]:
            ratio = time_ratio(row["result"], target, our_name("float32"))
            if target["owner"] == PLAIN_ADAM and ratio:
                found[f"loss of {target['name']}, {row['case']['size']} px"] = f"{ratio[0]:.1f}"
    return found


def load_records() -> list[dict]:
    """The machines' records in `results/`."""
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    return [record for record in found if "machine" in record and "questions" in record]


def main() -> int:
    """Rewrites both READMEs; returns the exit code."""
    records = load_records()
    texts = {
        FOLDER / "README.md": full_report(records),
        FOLDER.parent / "README.md": summary(records),
    }
    try:
        for path, content in texts.items():
            path.write_text(fill(path.read_text(encoding="utf-8"), content), encoding="utf-8")
    except UserError as error:
        print(f"error: {path}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
