"""Whose pictures are compared: ours, and those of two programs that people know."""

from dataclasses import replace

from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS

OURS = "default"
# The rivals get several times our work. They take yet more by themselves, too much to wait for on a CPU;
# as fits fewer steps, neural-style begins with the photograph (its `-init image`).
PROGRAMS = {
    OURS: Settings(),
    "neural-style": replace(PRESETS["neural-style"], init="content", steps=200),
    "style-transfer-pytorch": replace(
        PRESETS["style-transfer-pytorch"], first_steps=250, coarse_steps=120, steps=120
    ),
}


def settings_of(program: str, size: int) -> Settings:
    """What a program paints with at a size."""
    return replace(PROGRAMS[program], size=size)
