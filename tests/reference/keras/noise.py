"""Cases of the layers that draw in training: what they give for ones, by its mean and variance over many draws."""
import keras
import numpy as np

from case import case

SHAPES = dict(
    gaussian_noise=((601,), "GaussianNoise(0.3)", None),
    gaussian_dropout=((601,), "GaussianDropout(0.4)", None),
    alpha_dropout=((601,), "AlphaDropout(0.3)", None),
    spatial_dropout1d=((4, 301), "SpatialDropout1D(0.3)", "GlobalAveragePooling1D"),
    spatial_dropout2d=((2, 3, 301), "SpatialDropout2D(0.4)", "GlobalAveragePooling2D"),
    spatial_dropout3d=((2, 1, 2, 301), "SpatialDropout3D(0.2)", "GlobalAveragePooling3D"),
)


def drawn(shape, text, pool):
    """Mean and variance of 2000 rows of ones; whole channels fall out, so their means are 0 or 1/(1 - rate) too."""
    name, rate = text[:-1].split("(")
    keras.utils.set_random_seed(3)
    y = getattr(keras.layers, name)(float(rate))(np.ones((2000, *shape)), training=True)
    y = np.array(getattr(keras.layers, pool)()(y) if pool else y)
    return np.array([y.mean(), y.var()])


def make():
    for name, (shape, text, pool) in SHAPES.items():
        case(
            name,
            "In inference the layer gives what it reads; in training its numbers have this mean and variance.",
            shape,
            layers=["Points()", text] + ([pool] if pool else []),
            x=np.ones((7, *shape)),
            batch=7,
            weights={"points/w": np.zeros(shape)},
            gradients=False,
            extra={"expected/drawn": drawn(shape, text, pool)},
        )
