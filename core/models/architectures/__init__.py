"""Network architectures, as code. Weights are data and live in `assets/models`.

Every builder returns a Keras 3 functional model made of built-in layers only, so
it runs on any Keras backend and never needs a pickle or a Lambda layer. Inputs
are RGB in 0..255, `(batch, height, width, 3)`; each network does its own
normalisation. Layer names are stable: they are the keys of the weight files. A
builder is registered under its network's name, see `core.models.registry`.
"""

from core.models.architectures.custom import custom_cnn, small_resnet
from core.models.architectures.efficientnet import efficientnet_lite0
from core.models.architectures.painters import STYLE_LEVELS, monet_generator, style_decoder
from core.models.architectures.resnet import resnet50, resnet50_v2
from core.models.architectures.vgg import vgg16_base, vgg16_head

__all__ = [
    "STYLE_LEVELS",
    "custom_cnn",
    "efficientnet_lite0",
    "monet_generator",
    "resnet50",
    "resnet50_v2",
    "small_resnet",
    "style_decoder",
    "vgg16_base",
    "vgg16_head",
]
