"""Cases of recurrent layers: outputs, states, gradients of weights and inputs (through Points), training steps."""
import keras
import numpy as np

import language
from case import case

ADAM = dict(loss="mean_squared_error", optimizer="Adam(0.01)", train=True)


class MGUCell(keras.layers.Layer):
    """A minimal gated unit (Zhou 2016): what a spec may define itself."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2 * self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, 2 * self.units), name="recurrent_kernel")
        self.bias = self.add_weight(shape=(2 * self.units,), initializer="zeros", name="bias")

    def call(self, x, states):
        h, u = states[0], self.units
        f = keras.ops.sigmoid(x @ self.kernel[:, :u] + h @ self.recurrent_kernel[:, :u] + self.bias[:u])
        new = keras.ops.tanh(x @ self.kernel[:, u:] + (f * h) @ self.recurrent_kernel[:, u:] + self.bias[u:])
        h = (1 - f) * h + f * new
        return h, [h]


@keras.saving.register_keras_serializable()
class MGU(keras.layers.RNN):
    def __init__(self, units, name=None, **options):
        super().__init__(MGUCell(units, name="mgu_cell"), name=name, **options)

    def get_config(self):
        """What Bidirectional makes its second layer of."""
        return {k: v for k, v in super().get_config().items() if k != "cell"} | {"units": self.cell.units}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


language.OWN.update(MGU=MGU)
MGU_DEFINITION = """\
cells:
  MGU(units)(x, h=full([dim(x, 0), units], 0)):
    kernel: weight([dim(x, -1), 2*units], glorot_uniform)
    recurrent_kernel: weight([units, 2*units], orthogonal)
    bias: weight([2*units], zeros)
    xf, xn: split(matmul(x, kernel) + bias, 2)
    f: sigmoid(xf + matmul(h, recurrent_kernel[:, :units]))
    new: tanh(xn + matmul(f*h, recurrent_kernel[:, units:]))
    h': (1 - f)*h + f*new
"""


def make():
    for name, text in dict(
        simple_rnn="SimpleRNN(5{})",
        lstm="LSTM(5{})",
        gru="GRU(5{})",
        gru_before="GRU(5, reset_after=false{})",
        mgu="MGU(5{})",
    ).items():
        own = dict(definitions=MGU_DEFINITION) if name == "mgu" else {}
        case(
            f"rnn_{name}",
            f"{name}: two layers, the first gives every step; 20 training steps.",
            (6, 3),
            ["Points", text.format(", return_sequences=true"), text.format(""), "Dense(2)"],
            **own,
            **ADAM,
        )
        case(f"rnn_{name}_one", f"{name}: one unit, one step, a short batch.", (1, 2), ["Points", text.replace("5", "1").format("")], rows=2, **own)
    case(
        "rnn_wide",
        "As wide as register tiles, with a short batch.",
        (7, 24),
        ["LSTM(32, return_sequences=true)", "GRU(24, return_sequences=true)", "SimpleRNN(17)", "Dense(3)"],
        batch=11,
        rows=9,
        **ADAM,
    )
    options()
    states()
    directions()
    masks()


def options():
    case(
        "rnn_options",
        "No biases, other activations, regularizers.",
        (4, 3),
        ["Points", "LSTM(4, activation=relu, recurrent_activation=hard_sigmoid, use_bias=false, return_sequences=true)"]
        + ["GRU(3, activation=none, use_bias=false, return_sequences=true)", "GRU(3, use_bias=false, reset_after=false, return_sequences=true)"]
        + ["SimpleRNN(3, activation=sigmoid, use_bias=false)"],
    )
    case(
        "rnn_regularizers",
        "Regularizers of all three weights.",
        (4, 3),
        ["LSTM(4, kernel_regularizer=L2(0.1), recurrent_regularizer=L1(0.05), bias_regularizer=L2(0.2))", "Dense(1)"],
        **ADAM,
    )
    case(
        "rnn_cells",
        "Cells in RNN, and cells one upon the other.",
        (4, 3),
        ["Points", "RNN(LSTMCell(4), return_sequences=true)", "RNN([GRUCell(3), LSTMCell(4), SimpleRNNCell(2)])"],
    )


def states():
    graph = [
        ("p", "Points()(x)"),
        ("encoded", "LSTM(4, return_state=true)(p)"),
        ("y", "LSTM(4, return_sequences=true)(p, initial_state=[encoded[1], encoded[2]])"),
        ("last", "GRU(4, return_state=true)(y)"),
        ("z", "concat([encoded[0], last[0], last[1]], -1)"),
    ]
    case("rnn_states", "States that are returned and given on, as an encoder does to its decoder.", (5, 3), graph=graph, **ADAM)


def directions():
    case(
        "rnn_backwards",
        "From the last step to the first; the outputs are in that order.",
        (5, 3),
        ["Points", "LSTM(4, go_backwards=true, return_sequences=true)", "GRU(3, go_backwards=true)"],
    )
    for mode in ("concat", "sum", "mul", "ave"):
        case(
            f"bidirectional_{mode}",
            f"Both directions, {mode}.",
            (5, 3),
            ["Points", f"Bidirectional(LSTM(4, return_sequences=true), merge_mode='{mode}')", f"Bidirectional(GRU(3), '{mode}')"],
        )
    graph = [("p", "Points()(x)"), ("both", "Bidirectional(LSTM(3, return_state=true))(p)"), ("z", "concat(both, -1)")]
    case("bidirectional_states", "The states of both directions.", (4, 3), graph=graph)


def masks():
    random = np.random.RandomState(5)
    numbers = random.randint(1, 7, (4, 6)).astype("float64")
    numbers[0, 4:] = numbers[1, 1:] = numbers[2, 2:4] = 0  # behind, all but the first, in the middle
    layers = ["Embedding(7, 3, mask_zero=true)"]
    common = dict(x=numbers, batch=4, **ADAM)
    for name, text in dict(lstm="LSTM(4{})", gru="GRU(4{})", simple="SimpleRNN(4{})").items():
        case(
            f"rnn_masked_{name}",
            "A step that is masked keeps output and states.",
            (6,),
            layers + [text.format(", return_sequences=true"), text.format(""), "Dense(1)"],
            **common,
        )
    case(
        "rnn_masked_zero",
        "Zeros where a step is masked.",
        (6,),
        layers + ["LSTM(4, return_sequences=true, zero_output_for_mask=true)", "GRU(3, zero_output_for_mask=true)", "Dense(1)"],
        **common,
    )
    case(
        "rnn_masked_bidirectional",
        "Masks in both directions.",
        (6,),
        layers + ["Bidirectional(LSTM(4, return_sequences=true))", "Bidirectional(GRU(3))", "Dense(1)"],
        **common,
    )
