"""The losses of the Keras example, on arrays of NumPy or PyTorch alike: `(1, H, W, C)`, float64.

Deep Learning with Python, 8.3; its style picture has been given the content's size.
"""


def gram_matrix(x):
    """Return the product of all pairs of channels, summed over positions."""
    rows = x.reshape(-1, x.shape[-1]).T
    return rows @ rows.T


def style_loss(style, combination, img_height, img_width):
    """Return the distance of a layer; 3 channels and the picture's size, whatever the layer's."""
    difference = gram_matrix(style) - gram_matrix(combination)
    return (difference**2).sum() / (4.0 * 3**2 * (img_height * img_width) ** 2)


def content_loss(base, combination):
    """Return the sum of squared differences."""
    return ((combination - base) ** 2).sum()


def total_variation_loss(x):
    """Return the sum over pixels of the squared gradient to the power of 1.25."""
    height, width = x.shape[1:3]
    corner = x[:, : height - 1, : width - 1]
    a = (corner - x[:, 1:, : width - 1]) ** 2
    b = (corner - x[:, : height - 1, 1:]) ** 2
    return ((a + b) ** 1.25).sum()


def terms(x, combination, base, style):
    """Return content, style and total variation, from pixels up to 255 and features by Keras' names."""
    layers = [f"block{block}_conv1" for block in range(1, 6)]
    distances = [
        style_loss(style[name], combination[name], x.shape[1], x.shape[2]) for name in layers
    ]
    return (
        0.025 * content_loss(base["block5_conv2"], combination["block5_conv2"]),
        sum(1.0 / len(layers) * distance for distance in distances),
        1e-4 * total_variation_loss(x),
    )


def total_loss(x, combination, base, style):
    """Return what is minimized: the sum of `terms`."""
    return sum(terms(x, combination, base, style))
