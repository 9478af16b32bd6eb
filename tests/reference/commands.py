"""Flags with which a command paints in a moment."""

QUICK = {
    "size": 32,
    "coarsest": 24,
    "coarse_steps": 2,
    "steps": 3,
    "tv_weight": 1 / 3,
    "content_layers": ("relu2_1",),
    "style_layers": ("relu1_1", "relu2_1"),
}
FLAGS = [
    text
    for name, value in QUICK.items()
    for text in (
        f"--{name.replace('_', '-')}",
        *map(str, value if type(value) is tuple else (value,)),
    )
]
HERE = ["--quiet", "--device", "cpu"]
