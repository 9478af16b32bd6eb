"""The frozen VGG network."""

from nstjax.vgg.architecture import channels, field, kernel_shapes, layers, poolings, smallest_side
from nstjax.vgg.features import VGG
from nstjax.vgg.forms import FORMS, default_form, form_for
from nstjax.vgg.preprocess import Preprocessing
from nstjax.vgg.weights import Weights, load_weights, tensor_shapes
from nstjax.vgg.winograd import TILE as WINOGRAD_TILE

__all__ = [
    "FORMS",
    "VGG",
    "WINOGRAD_TILE",
    "Preprocessing",
    "Weights",
    "channels",
    "default_form",
    "field",
    "form_for",
    "kernel_shapes",
    "layers",
    "load_weights",
    "poolings",
    "smallest_side",
    "tensor_shapes",
]
