"""Picture files with recipes, right and wrong ones."""

import dataclasses

from PIL import Image, PngImagePlugin
from reference.commands import QUICK

from nstjax import PRESETS
from nstjax.settings.recipe import Recipe


def with_recipe(path, **values):
    """Write a picture with the recipe of a quick one, but for some values; return the recipe."""
    usual = {
        "settings": dataclasses.replace(PRESETS["tutorial"], **QUICK),
        "preset": "tutorial",
        "content": "content.png",
        "styles": ("style.png", "other.png"),
        "model": "vgg19",
    }
    recipe = Recipe(**usual | values)
    recipe_of_text(recipe.to_json(), path)
    return recipe


def recipe_of_text(text, path="bad.png"):
    """Write a picture with a text in place of a recipe; return its path."""
    info = PngImagePlugin.PngInfo()
    info.add_text("nstjax", text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path
