"""The frozen VGG network."""

from nstjax.vgg.architecture import kernel_shapes, layers, smallest_side
from nstjax.vgg.features import VGG
from nstjax.vgg.forms import FORMS, default_form, form_for
from nstjax.vgg.preprocess import Preprocessing
from nstjax.vgg.weights import Weights, load_weights, tensor_shapes

__all__ = [
    "FORMS",
    "VGG",
    "Preprocessing",
    "Weights",
    "default_form",
    "form_for",
    "kernel_shapes",
    "layers",
    "load_weights",
    "smallest_side",
    "tensor_shapes",
]
