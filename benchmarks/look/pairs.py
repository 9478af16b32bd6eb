"""Which photographs are painted after which paintings."""

# Houses by a river, a landscape, a portal full of lines, and a night whose sky is flat; each after
# paintings with strokes, with flat areas and with small parts.
PAIRS = {
    "tuebingen": ("starry_night", "shipwreck", "candy", "udnie"),
    "golden_gate": ("candy", "mosaic", "rain_princess", "the_scream"),
    "amber": ("rain_princess", "the_scream", "mosaic", "udnie"),
    "hoover_tower_night": ("starry_night", "candy", "shipwreck", "rain_princess"),
}

Pair = tuple[str, str]  # names of a photograph and of a painting


def all_pairs() -> list[Pair]:
    """Every pair, those of a photograph one after the other."""
    return [(content, style) for content, styles in PAIRS.items() for style in styles]
