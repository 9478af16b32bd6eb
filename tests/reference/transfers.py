"""Small pictures, and settings with which they are painted in a moment."""

import numpy as np

from nstjax import Settings

RANDOM = np.random.default_rng(7)
CONTENT = RANDOM.random((48, 64, 3), np.float32)
STYLE = RANDOM.random((56, 40, 3), np.float32)
OTHER_STYLE = 0.5 * RANDOM.random((40, 40, 3), np.float32)
# Shallow layers only: the story is the same, and compiles in a moment.
QUICK = Settings(
    init="content",
    size=48,
    coarsest=24,
    level_ratio=2,
    steps=4,
    coarse_steps=3,
    content_layers=("relu2_1",),
    style_layers=("relu1_1", "conv2_1"),
)

QUICK_FIELDS = {name: getattr(QUICK, name) for name in QUICK.__dataclass_fields__}
