"""Recipes by name: those of the papers and programs that people know, and our own."""

from nstjax.settings import STYLE_LAYERS, Settings

ONE_LEVEL = 2**30  # a coarsest level that no coarser level reaches

# Layers are averaged here and summed there, so a weight over five layers is five times theirs.
PRESETS = {
    # Ours: coarse to fine, losses without units.
    "default": Settings(),
    # Gatys, Ecker and Bethge 2016: alpha / beta = 1e-3, w_l = 1/5, from white noise.
    "gatys2016": Settings(
        content_weight=1,
        style_weight=1e3,
        tv_weight=0,
        content_loss="sum",
        style_loss="gram",
        init="noise",
        steps=500,
        coarsest=ONE_LEVEL,
    ),
    # The plain PyTorch tutorial: features before the ReLU, alpha = 1, beta = 0.01. Its balance belongs
    # to torchvision's weights: with others the features, and so the two terms, are of another size.
    "tutorial": Settings(
        content_weight=5,
        style_weight=0.05,
        tv_weight=0,
        content_layers=tuple(name.replace("relu", "conv") for name in STYLE_LAYERS),
        style_layers=tuple(name.replace("relu", "conv") for name in STYLE_LAYERS),
        content_loss="mean",
        style_loss="gram_sum",
        pooling="max",
        init="content",
        optimizer="adam",
        learning_rate=1e-3,
        steps=6000,
        coarsest=ONE_LEVEL,
    ),
    # neural-style and neural-style-pt: content 5, style 100 a layer, total variation 1e-3 on pixels up
    # to 255 (here up to 1). Their noise is nearly gray; ours is white.
    "neural-style": Settings(
        content_weight=5,
        style_weight=500,
        tv_weight=0.255,
        content_loss="mean",
        style_loss="gram_chw",
        tv_loss="l1",
        pooling="max",
        init="noise",
        steps=1000,
        coarsest=ONE_LEVEL,
    ),
}
