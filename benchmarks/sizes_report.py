"""A record of sizes as a table."""

from benchmarks.report import Table, markdown_table, number


def sizes_table(record: dict) -> Table:
    """A line a size, and one for each preview with another content weight."""
    content, style = record["pictures"]
    sizes = record["sizes"]
    smallest = min(sizes, key=int)
    previews = {f"{size} px": row["preview"] for size, row in sizes.items() if size != smallest}
    others = {
        f"{smallest} px, content weight x {factor}": distances
        for factor, distances in record["content_weights"].items()
    }
    from_painting = {f"{size} px": row["painting"] for size, row in sizes.items()}
    return Table(
        f"Losses of `{record['recipe']}`, network `{record['network']}`, {content} in the style of "
        f"{style}: `||S - S*||^2 / ||S*||^2` of each layer.",
        [
            *_lines("the painting", from_painting),
            *_lines(f"the preview of {smallest} px", {**previews, **others}),
        ],
    )


def sizes_report(record: dict) -> str:
    """The table in Markdown, below what it shows."""
    table = sizes_table(record)
    return f"{table.caption}\n\n{markdown_table(table.lines)}"


def _lines(other: str, rows: dict[str, dict[str, float]]) -> list[dict[str, str]]:
    return [
        {
            "picture": name,
            "from": other,
            **{layer: number(distance) for layer, distance in distances.items()},
        }
        for name, distances in rows.items()
    ]
