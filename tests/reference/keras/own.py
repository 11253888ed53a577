"""Layers of nnc that Keras itself does not have, written with its operations for the cases; by their names in specs.

Invariant: none is made of another that it is to check: windows are slices here, positions are counted by hand.
"""
import keras
import numpy as np
from keras import ops


class LocalResponseNormalization(keras.layers.Layer):
    """As tf.nn.lrn, which knows no float64: sums of squares over 2 r + 1 channels."""

    def __init__(self, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5, **options):
        super().__init__(**options)
        self.depth_radius, self.bias, self.alpha, self.beta = depth_radius, bias, alpha, beta

    def call(self, x):
        r, n = self.depth_radius, x.shape[-1]
        wide = ops.pad(x * x, [(0, 0)] * (len(x.shape) - 1) + [(r, r)])
        total = sum(wide[..., i : i + n] for i in range(2 * r + 1))
        return x / (self.bias + self.alpha * total) ** self.beta


class Lengths(keras.layers.Layer):
    """The first number of a sequence, which is a length."""

    def call(self, x):
        return x[:, 0, 0]


class Rest(keras.layers.Layer):
    def call(self, x):
        return x[:, 1:]


class LengthMasking(keras.layers.Layer):
    """Masks by lengths, one by one."""

    def __init__(self, padding="post", **options):
        super().__init__(**options)
        self.padding, self.supports_masking = str(padding), True

    def call(self, x, length):
        steps = x.shape[1]
        seen = [t < length if self.padding == "post" else steps - t <= length for t in range(steps)]
        mask = ops.stack(seen, 1)
        y = ops.where(mask[:, :, None], x, ops.zeros_like(x))
        keras.src.backend.set_keras_mask(y, mask=mask)
        return y


def same_pads(n, k, s):
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


class MaxPooling2D(keras.layers.MaxPooling2D):
    """With return_indices also where the maxima are, row*width + column, as torch.nn.MaxPool2d says it."""

    def __init__(self, *arguments, return_indices=False, **options):
        super().__init__(*arguments, **options)
        self.return_indices = return_indices

    def call(self, x):
        y = super().call(x)
        if not self.return_indices:
            return y
        (h, w), k, s = x.shape[1:3], self.pool_size, self.strides
        pads = [same_pads(n, k[i], s[i]) if self.padding == "same" else (0, 0) for i, n in enumerate((h, w))]
        wide = ops.pad(x, [(0, 0), *pads, (0, 0)], constant_values=-1e30)
        rows, columns = ops.shape(y)[1:3]
        taps, places = [], []
        for r in range(k[0]):
            for c in range(k[1]):
                taps.append(wide[:, r : r + (rows - 1) * s[0] + 1 : s[0], c : c + (columns - 1) * s[1] + 1 : s[1]])
                row, column = np.arange(rows) * s[0] + r - pads[0][0], np.arange(columns) * s[1] + c - pads[1][0]
                places.append((row[:, None] * w + column)[None, :, :, None] * np.ones((1, 1, 1, x.shape[-1])))
        best = ops.argmax(ops.stack(taps, -1), -1)
        places = ops.convert_to_tensor(np.stack(places, -1))
        return y, ops.sum(ops.one_hot(best, len(taps)) * places, -1)

    def compute_output_spec(self, x):
        y = super().compute_output_spec(x)
        return (y, keras.KerasTensor(y.shape, y.dtype)) if self.return_indices else y


class MaxUnpooling2D(keras.layers.Layer):
    """As torch.nn.MaxUnpool2d: each number goes where its index says."""

    def __init__(self, pool_size=2, strides=None, padding="valid", output_size=None, **options):
        super().__init__(**options)
        pair = lambda v: (v, v) if isinstance(v, int) else tuple(v)
        self.k, self.s = pair(pool_size), pair(strides or pool_size)
        self.padding, self.output_size = padding, output_size

    def call(self, x, indices):
        n = [x.shape[i + 1] * self.s[i] if self.padding == "same" else (x.shape[i + 1] - 1) * self.s[i] + self.k[i] for i in (0, 1)]
        h, w = self.output_size or n
        places = np.arange(h * w)
        flat, at = (ops.reshape(v, (-1, x.shape[1] * x.shape[2], 1, x.shape[3])) for v in (x, indices))
        return ops.reshape(ops.sum(ops.where(at == places[:, None], flat, 0), 1), (-1, h, w, x.shape[3]))


class PositionEmbedding(keras.layers.Layer):
    def __init__(self, sequence_length, **options):
        super().__init__(**options)
        self.sequence_length = sequence_length
        self.supports_masking = True

    def build(self, shape):
        self.table = self.add_weight(shape=(self.sequence_length, shape[-1]), name="position_embeddings")

    def call(self, x):
        return ops.broadcast_to(self.table[: x.shape[1]], ops.shape(x))


class SinePositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **options):
        super().__init__(**options)
        self.max_wavelength = max_wavelength
        self.supports_masking = True

    def call(self, x):
        time, size = x.shape[1:]
        table = np.zeros((time, size))
        for t in range(time):
            for i in range(size):
                angle = t / self.max_wavelength ** (2 * (i // 2) / size)
                table[t, i] = np.cos(angle) if i % 2 else np.sin(angle)
        return ops.broadcast_to(ops.convert_to_tensor(table), ops.shape(x))


class Allowed(keras.layers.Layer):
    """A mask for attention from numbers: [batch, queries, keys]."""

    def call(self, query, key):
        return ops.cast(query[:, :, None, 0] * key[:, None, :, 0] > -0.1, query.dtype)


class Split(keras.layers.Layer):
    """Two sequences from one."""

    def call(self, x):
        return x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]


ALLOWED = """\
blocks:
  Allowed()(query, key): -0.1 < reshape(query[:, :, 0], shape(query)[:2] + [1])*reshape(key[:, :, 0], [dim(key, 0), 1, dim(key, 1)])
"""
LAYERS = {
    made.__name__: made
    for made in (LocalResponseNormalization, MaxPooling2D, MaxUnpooling2D, PositionEmbedding, SinePositionEncoding, Allowed, Split)
    + (Lengths, Rest, LengthMasking)
}
