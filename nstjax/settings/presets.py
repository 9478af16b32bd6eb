"""Recipes by name: those of the papers and programs that people know, and our own."""

from dataclasses import replace

from nstjax.settings import Settings

ONE_LEVEL = 2**30  # a coarsest level that no coarser level reaches
GATYS_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONV_LAYERS = tuple(name.replace("relu", "conv") for name in GATYS_LAYERS)  # before the ReLU

# What the papers and programs below have in common, so that theirs stay as they are whatever our own
# recipe becomes.
CLASSIC = Settings(
    content_layers=("relu4_2",),
    content_target="content",
    style_layers=GATYS_LAYERS,
    pooling="max",
    padding="zeros",
    coarsest=ONE_LEVEL,
    optimizer="lbfgs",
)

# Layers are averaged here and summed there, so a weight over five layers is five times theirs.
PRESETS = {
    # Ours: coarse to fine, losses without units.
    "default": Settings(),
    # Gatys, Ecker and Bethge 2016: alpha / beta = 1e-3, w_l = 1/5, from white noise.
    "gatys2016": replace(
        CLASSIC,
        content_weight=1,
        style_weight=1e3,
        tv_weight=0,
        content_loss="sum",
        style_loss="gram",
        pooling="average",
        init="noise",
        steps=500,
    ),
    # The plain PyTorch tutorial: features before the ReLU, alpha = 1, beta = 0.01. Its balance belongs
    # to torchvision's weights: with others the features, and so the two terms, are of another size.
    # Torchvision's ReLUs work in place: who collects such features from its network as it comes gets
    # those of relu1_1 to relu4_1 instead, and of conv5_1 where the network ends there.
    "tutorial": replace(
        CLASSIC,
        content_weight=5,
        style_weight=0.05,
        tv_weight=0,
        content_layers=CONV_LAYERS,
        style_layers=CONV_LAYERS,
        content_loss="mean",
        style_loss="gram_sum",
        init="content",
        optimizer="adam",
        learning_rate=1e-3,
        adam_beta2=0.999,  # PyTorch's default
        steps=6000,
    ),
    # neural-style and neural-style-pt: content 5, style 100 a layer, total variation 1e-3 on pixels up
    # to 255 (here up to 1). Their first picture is the mean color and hardly any noise. The latter's
    # `adam` is PyTorch's as it comes, and its learning rate of 1 is 1 / 255 here.
    "neural-style": replace(
        CLASSIC,
        content_weight=5,
        style_weight=500,
        tv_weight=0.255,
        content_loss="mean",
        style_loss="gram_chw",
        tv_loss="l1",
        init="gray",
        adam_beta2=0.999,
        steps=1000,
    ),
    # Deep Learning with Python 8.3: sum (G - A)^2 / (4 3^2 (H W)^2) over the H W pixels of the picture,
    # style 1 shared by five layers, content 0.025, total variation 1e-4 on pixels up to 255; 400 pixels
    # high. With N channels and M = H W / 4^(l-1) positions at layer l its E_l is
    # N^2 / (9 16^(l-1)) times the paper's, so 4096 / 9 times (1, 1/4, 1/16, 1/64, 1/1024). That is exact
    # where both sides are multiples of 16, and the style's picture has as many pixels.
    "keras": replace(
        CLASSIC,
        size=533,  # of a photograph that is 4 wide and 3 high
        content_weight=0.05,  # ours is half of the sum
        style_weight=4096 / 9 / 5 * (1 + 1 / 4 + 1 / 16 + 1 / 64 + 1 / 1024),
        tv_weight=1e-4 * 255**2.5,
        content_layers=("relu5_2",),
        content_loss="sum",
        style_loss="gram",
        style_layer_weights=(1024, 256, 64, 16, 1),
        tv_loss="power",
        init="content",
        steps=400,
    ),
    # style-transfer-pytorch: levels by the square root of two from 128 px on, 1000 steps and then 500
    # each. Its picture is enlarged by cubic interpolation where ours is by Lanczos'.
    "style-transfer-pytorch": replace(
        CLASSIC,
        content_weight=0.015,
        style_weight=1,
        tv_weight=2,
        content_loss="mean",
        style_loss="w2",
        style_layer_weights=(256, 64, 16, 4, 1),
        tv_loss="nine_point",
        padding="replicate",
        init="content",
        optimizer="adam",
        learning_rate=0.02,
        steps=500,
        coarse_steps=500,
        first_steps=1000,
        coarsest=128,
        level_ratio=2**0.5 - 1e-9,  # so that 512 px begin at 128 whatever the rounding
        averaging=0.99,
        carry_moments=True,
    ),
    # Of `nstjax texture`: no content. More steps, since from noise grain stays for long.
    "texture": replace(
        CLASSIC,
        content_weight=0,
        style_loss="energy",
        pooling="average",
        init="style_noise",
        tv_weight=0.2,
        steps=100,
        coarse_steps=90,
        coarsest=Settings().coarsest,
    ),
    # Of `nstjax reconstruct`: no style. Gatys et al. 2016, figure 1: from white noise.
    "reconstruct": replace(
        CLASSIC,
        content_weight=1,
        style_weight=0,
        pooling="average",
        init="noise",
        tv_weight=0.05,
        coarsest=Settings().coarsest,
    ),
}
