"""Pictures to drop on the page."""

from PIL import Image


def draw(folder, *names) -> list:
    """Small pictures of a gradient each, as files."""
    paths = []
    for place, name in enumerate(names):
        image = Image.linear_gradient("L").resize((40, 32)).rotate(90 * place)
        Image.merge("RGB", [image, image.rotate(180), image]).save(folder / name)
        paths.append(folder / name)
    return paths
