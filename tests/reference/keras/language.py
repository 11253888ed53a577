"""Reads the expressions of specs as Keras calls.

Input: an expression of a spec, such as `Conv2D(3, 5, padding=same, activation=relu)(x)`, and the values it may name.
Output: what Keras makes of the same text. Invariant: a layer with weights gets the name that nnc gives it (LANGUAGE: snake
case, numbered in the order in which layers make their first weight), so weights have one path on both sides.
"""
import re
import keras


def snake(name):
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Word(str):
    """A bare word: `same`, `relu`. Called, it is the activation of that name."""

    def __call__(self, x, *arguments, **options):
        function = getattr(keras.activations, self)
        return keras.layers.Lambda(lambda tensor: function(tensor, *arguments, **options))(x)


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


LAYERS = {
    name: getattr(keras.layers, name)
    for name in "Dense Conv2D MaxPooling2D AveragePooling2D Flatten Reshape Dropout BatchNormalization Activation".split()
}
LAYERS.update(Points=Points, Scaled=Scaled)
WEIGHTED = ("Dense", "Conv2D", "BatchNormalization", "Points", "Scaled")
LIBRARIES = (keras.optimizers, keras.losses, keras.regularizers, keras.constraints, keras.initializers)


class Scope(dict):
    """What the names of an expression mean; `eval` takes it as its local names."""

    def __init__(self, seed=0):
        super().__init__(true=True, false=False, none=None, concat=concat)
        self.counts, self.seed = {}, seed

    def __missing__(self, name):
        if name in LAYERS:
            return lambda *arguments, **options: self.layer(name, arguments, options)
        called = [getattr(library, name) for library in LIBRARIES if hasattr(library, name)]
        return called[0] if called and not hasattr(keras.activations, name) else Word(name)

    def layer(self, name, arguments, options):
        """The layer is made when it is called: by then the layers of its argument have their numbers."""

        def call(x):
            if name in WEIGHTED:
                label = snake(name)
                count = self.counts.get(label, 0)
                self.counts[label] = count + 1
                options["name"] = label if count == 0 else f"{label}_{count}"
            return LAYERS[name](*arguments, **options)(x)

        return call


def evaluate(text, scope):
    return eval(text, {"__builtins__": {}}, scope)
