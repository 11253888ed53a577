"""Cases of the initialisers. Draws differ, so what is compared is what they are drawn from:
    statistics/PATH          mean, variance, lowest, highest of 64 draws by Keras, and the share of the range by which a
                             single draw may miss the two ends (0.02 where the distribution is bounded, 0.3 where it is not)
    orthogonal/PATH          gain: the columns (of a tall matrix) or rows are orthogonal and as long as the gain
    initial/PATH             the exact values of those that do not draw
"""
import keras
import numpy as np

import language
from case import spec_text, write

BOUNDED = [
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "uniform",
    "truncated_normal",
    "RandomUniform(-0.2, 0.6)",
    "TruncatedNormal(mean=0.5, stddev=0.2)",
    "VarianceScaling(2.0, mode=fan_out, distribution=uniform)",
    "VarianceScaling(scale=0.5, mode=fan_avg)",
]
UNBOUNDED = ["normal", "RandomNormal(mean=1.0, stddev=0.3)", "VarianceScaling(distribution=untruncated_normal)"]
EXACT = ["zeros", "ones", "Constant(0.25)", "identity"]
ORTHOGONAL = {"orthogonal": 1.0, "Orthogonal(gain=2.0)": 2.0}
UNITS = 47


def made(text):
    value = language.evaluate(text, language.Scope())
    return value() if isinstance(value, type) else keras.initializers.get(str(value)) if isinstance(value, str) else value


def again(initializer, seed):
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})


def draws(text, shape):
    initializer = made(text)
    values = np.stack([np.array(again(initializer, seed)(shape, dtype="float64")) for seed in range(64)])
    return values.mean(), values.var(), values.min(), values.max()


def make():
    dense()
    convolution()
    shapes()
    fourier()


def dense():
    """Dense layers one after the other, 47 units each; the first makes 47 of 60."""
    texts = BOUNDED + UNBOUNDED + list(ORTHOGONAL) + EXACT
    layers, tensors = [], {}
    for number, text in enumerate(texts):
        layers.append(f"Dense({UNITS}, kernel_initializer={text}, bias_initializer=constant)")
        path = "dense" + (f"_{number}" if number else "") + "/kernel"
        shape = (60 if number == 0 else UNITS, UNITS)
        describe(tensors, path, text, shape)
    finish("initializers_dense", "Initialisers of a matrix.", (60,), layers, tensors)


def convolution():
    """The fans of a kernel are its receptive field times its channels."""
    texts = ["glorot_uniform", "he_normal", "lecun_uniform", "VarianceScaling(2.0, mode=fan_out)", "orthogonal", "Constant(-1.5)"]
    layers, tensors, channels = [], {}, 5
    for number, text in enumerate(texts):
        filters = 7 + 3 * number
        layers.append(f"Conv2D({filters}, [3, 4], padding=same, kernel_initializer={text}, bias_initializer=ones)")
        path = "conv2d" + (f"_{number}" if number else "") + "/kernel"
        describe(tensors, path, text, (3, 4, channels, filters))
        tensors[path.replace("kernel", "bias").replace("conv2d", "initial/conv2d")] = np.ones(filters)
        channels = filters
    finish("initializers_conv2d", "Initialisers of a kernel.", (5, 6, 5), layers, tensors)


def describe(tensors, path, text, shape):
    if text in ORTHOGONAL:
        tensors["orthogonal/" + path] = np.array([ORTHOGONAL[text]])
    elif text in EXACT or text.startswith("Constant"):
        tensors["initial/" + path] = np.array(made(text)(shape, dtype="float64"))
    else:
        tensors["statistics/" + path] = np.array([*draws(text, shape), 0.3 if text in UNBOUNDED else 0.02])


def finish(name, doc, shape, layers, tensors):
    write(name, spec_text(name, doc, 2, shape, layers, None, "mse", "SGD()", ""), tensors)


def shapes():
    """Modes by distributions; wide and tall matrices and kernels; and other names of the same."""
    texts = [f"VarianceScaling(1.5, mode={mode}, distribution={distribution})" for mode in ("fan_in", "fan_out", "fan_avg") for distribution in ("uniform", "normal", "untruncated_normal")]
    texts += ["he_normal", "lecun_normal", "GlorotNormal(seed=3)", "VarianceScaling(input_axes=[0], output_axes=[0])"]
    wide, tall = "Orthogonal(gain=0.5)", "OrthogonalInitializer()"
    layers, tensors, width = [], {}, 40
    for number, text in enumerate(texts + [wide, tall, wide, "IdentityInitializer(gain=3.0)", "IdentityInitializer()"]):
        units = 20 + 45 * (number % 2)
        layers.append(f"Dense({units}, kernel_initializer={text}, use_bias=false)")
        path = "dense" + (f"_{number}" if number else "") + "/kernel"
        if text in (wide, tall):
            tensors["orthogonal/" + path] = np.array([0.5 if text == wide else 1.0])
        elif "dentity" in text:
            tensors["initial/" + path] = np.array(made(text)((width, units), dtype="float64"))
        else:
            tensors["statistics/" + path] = np.array([*draws(text, (width, units)), 0.3 if "untruncated" in text else 0.02])
        width = units
    finish("initializers_shapes", "Modes, distributions, wide and tall matrices.", (40,), layers, tensors)
    layers = [f"Conv2D({filters}, 2, padding=same, kernel_initializer={wide}, use_bias=false)" for filters in (30, 7)]
    tensors = {f"orthogonal/conv2d{suffix}/kernel": np.array([0.5]) for suffix in ("", "_1")}
    finish("initializers_orthogonal", "A kernel of more filters than numbers in a window, and of fewer.", (5, 6, 3), layers, tensors)


def fourier():
    texts = ["STFT()", "STFT(side=imag, window=hamming)", "stft", "STFT(window=blackman, scaling=spectrum, periodic=true)"]
    texts += ["STFT(imag, window=boxcar, scaling=none)", "STFT(window=none)"]
    for number, text in enumerate(texts):
        layers = [f"Conv1D(5, 8, kernel_initializer={text}, use_bias=false)"]
        tensors = {"initial/conv1d/kernel": np.array(made(text)((8, 1, 5), dtype="float64"))}
        finish(f"initializers_stft{number}", "The waves of a short-time Fourier transform.", (16, 1), layers, tensors)
