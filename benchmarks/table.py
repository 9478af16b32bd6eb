"""The records in `results/` as Markdown tables: `python -m benchmarks.table`."""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def markdown(rows: list[dict]) -> str:
    """A table of rows that share their keys."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def schedule_rows(record: dict) -> list[dict]:
    return [
        {
            "recipe": recipe,
            "levels (px x steps)": ", ".join(f"{side} x {steps}" for side, steps in row["levels"]),
            "work": row["work"],
            "style": f"{row['style']:.4f}",
            "content": f"{row['content']:.3f}",
        }
        for recipe, row in record["rows"].items()
    ]


def step_rows(record: dict) -> list[dict]:
    return [
        {
            "optimizer": row["optimizer"],
            "px": row["size"],
            "nstjax, s": row["nstjax_seconds"],
            "PyTorch, s": row["torch_seconds"],
            "PyTorch / nstjax": row["torch_over_nstjax"],
            "lowest, highest": f"{row['ratio_range'][0]}, {row['ratio_range'][1]}",
            "loss differs by": f"{row['loss_difference']:.0e}",
            "gradient": f"{row['gradient_difference']:.0e}",
        }
        for row in record["rows"]
    ]


def main() -> None:
    for path in sorted(RESULTS.glob("*.json")):
        record = json.loads(path.read_text())
        rows = schedule_rows(record) if path.stem.startswith("schedule") else step_rows(record)
        print(f"{path.name}\n\n{markdown(rows)}\n")


if __name__ == "__main__":
    main()
