"""Reads the expressions of specs as Keras calls.

Input: an expression of a spec, such as `Conv2D(3, 5, padding=same, activation=relu)(x)`, and the values it may name.
Output: what Keras makes of the same text. Invariant: a layer with weights gets the name that nnc gives it (LANGUAGE: snake
case, numbered in the order in which layers make their first weight), so weights have one path on both sides.
"""
import re
import keras

import own


def snake(name):
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Word(str):
    """A bare word: `same`, `relu`. Called, it is the activation of that name; without a tensor, that with these arguments."""

    def __call__(self, x=None, *arguments, **options):
        if self == "snake":
            return Snake(name="snake")(x)
        function = getattr(keras.activations, self)
        if x is None:
            return lambda tensor: function(tensor, **options)
        return keras.layers.Lambda(lambda tensor: function(tensor, *arguments, **options))(x)


class Snake(keras.layers.Layer):
    """x + sin(alpha x)^2/alpha, where alpha is learned (Ziyin 2020)."""

    def build(self, shape):
        self.alpha = self.add_weight(shape=(), initializer="ones", name="alpha")

    def call(self, x):
        return x + keras.ops.sin(self.alpha * x) ** 2 / self.alpha


class Points(keras.layers.Layer):
    """x + w: makes the numbers that the next layer sees weights, so its data gradient is a weight's gradient."""

    def build(self, shape):
        self.w = self.add_weight(shape=shape[1:], initializer="zeros", name="w")

    def call(self, x):
        return x + self.w


class Scaled(keras.layers.Layer):
    """x*w: the same with a product."""

    def build(self, shape):
        self.w = self.add_weight(shape=shape[1:], initializer="zeros", name="w")

    def call(self, x):
        return x * self.w


def concat(tensors, axis=-1):
    return keras.layers.Concatenate(axis=axis)(tensors)


def mask_of(tensor):
    """A call of Keras with several tensors, as one with initial_state is, finds no mask by itself."""
    return keras.src.backend.get_keras_mask(tensor)


# the same in the language of specs
DEFINITIONS = """\
layers:
  Points()(x):
    w: weight(shape(x)[1:], zeros)
    return: x + w
  Scaled()(x):
    w: weight(shape(x)[1:], zeros)
    return: x*w
"""
# a loss that is linear in the prediction: the labels are the gradients that the network sees
PAIRING = """\
losses:
  pairing(y_true, y_pred): mean(y_true*y_pred, -1)
"""


def pairing(y_true, y_pred):
    return keras.ops.mean(y_true * y_pred, axis=-1)


OWN = dict(own.LAYERS, Points=Points, Scaled=Scaled)
# without weights, so without numbers in Keras's paths and in nnc's
WEIGHTLESS = """Flatten Reshape Dropout Activation Add Subtract Multiply Average Maximum Minimum Concatenate Dot
    GaussianNoise GaussianDropout AlphaDropout SpatialDropout1D SpatialDropout2D SpatialDropout3D ActivityRegularization
    Softmax ReLU LeakyReLU ELU Identity Masking LocalResponseNormalization Permute RepeatVector Rescaling UnitNormalization
    Normalization TimeDistributed SinePositionEncoding Allowed Split Lengths Rest LengthMasking""".split()
PLACES = ("Pooling", "Unpooling", "Padding", "Cropping", "UpSampling")  # and of these


def is_weighted(name, options):
    if name in ("Attention", "AdditiveAttention"):
        return options.get("use_scale", name[1] == "d") or options.get("score_mode") == "concat"
    return name not in WEIGHTLESS and not any(part in name for part in PLACES)


LIBRARIES = (keras.optimizers, keras.optimizers.schedules, keras.losses, keras.regularizers, keras.constraints, keras.initializers)


def layer_class(name):
    return OWN.get(name) or getattr(keras.layers, name, None)


def is_layer(name):
    made = layer_class(name)
    return isinstance(made, type) and issubclass(made, keras.layers.Layer)


class Scope(dict):
    """What the names of an expression mean; `eval` takes it as its local names."""

    def __init__(self, seed=0):
        super().__init__(true=True, false=False, none=None, concat=concat, mask_of=mask_of)
        self.counts, self.seed = {}, seed

    def __missing__(self, name):
        if is_layer(name):
            return lambda *arguments, **options: self.layer(name, arguments, options)
        called = [getattr(library, name) for library in LIBRARIES if hasattr(library, name)]
        return called[0] if called and not hasattr(keras.activations, name) else Word(name)

    def layer(self, name, arguments, options):
        """The layer is made when it is called: by then the layers of its argument have their numbers."""
        return Pending(self, name, arguments, options)


class Pending:
    """A layer that gets its number, and is made, when it is first called."""

    def __init__(self, scope, name, arguments, options):
        self.scope, self.name, self.arguments, self.options = scope, name, arguments, options

    def made(self):
        if is_weighted(self.name, self.options):
            label = snake(self.name)
            count = self.scope.counts.get(label, 0)
            self.scope.counts[label] = count + 1
            self.options["name"] = label if count == 0 else f"{label}_{count}"
        elif self.name.endswith("Attention"):  # Keras's own numbers could be those of layers with weights
            self.scope.counts["plain"] = self.scope.counts.get("plain", 0) + 1
            self.options["name"] = f"plain_{self.scope.counts['plain']}"
        inner = [held(a) if self.name in HOLDING else a.made() if isinstance(a, Pending) else a for a in self.arguments]
        return layer_class(self.name)(*inner, **self.options)

    def held(self):
        return layer_class(self.name)(*map(held, self.arguments), **self.options, name=snake(self.name))

    def __call__(self, *inputs, **options):
        made = self.made()(*inputs, **options)
        return list(made) if isinstance(made, tuple) else made


HOLDING = ("RNN", "Bidirectional")


def held(argument):
    """A layer or cell that another layer holds, as the LSTM of a Bidirectional: it has no number."""
    if isinstance(argument, list):
        return [held(one) for one in argument]
    return argument.held() if hasattr(argument, "held") else argument


def evaluate(text, scope):
    return eval(text, {"__builtins__": {}}, scope)
