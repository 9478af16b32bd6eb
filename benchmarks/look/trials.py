"""A record of recipes that were tried as a table: each changes one thing about another."""

from statistics import geometric_mean, mean

from benchmarks.report import Table, markdown_table

MEANS = {
    "self-similarity": mean,
    "nearest": geometric_mean,
    "fine edges": mean,
    "grain": geometric_mean,
    "ripples": mean,
}


def trials_report(record: dict) -> str:
    """A line a recipe, over its pairs, in Markdown."""
    trials = record["trials"]
    table = Table(
        f"At {record['size']} px, painted by `{record['painted by']}` and judged by "
        f"`{record['judged by']}`, means over {'; '.join(next(iter(trials.values())))}.",
        [
            {"recipe": name}
            | {
                measure: f"{average([row[measure] for row in pairs.values()]):.3f}"
                for measure, average in MEANS.items()
            }
            for name, pairs in trials.items()
        ],
    )
    return f"{table.caption}\n\n{markdown_table(table.lines)}"
