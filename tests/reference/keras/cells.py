"""Cases of every cell in every wrapper: states given and returned, both directions, masks; 20 training steps each."""
import numpy as np

from case import case
from recurrent import ADAM, MGU_DEFINITION

CELLS = dict(
    simple_rnn="SimpleRNN({}{})",
    lstm="LSTM({}{})",
    gru="GRU({}{})",
    gru_before="GRU({}, reset_after=false{})",
    mgu="MGU({}{})",
    conv_lstm1d="ConvLSTM1D({}, 3, padding=same{})",
    conv_lstm2d="ConvLSTM2D({}, [3, 2], padding=same{})",
    conv_lstm3d="ConvLSTM3D({}, 2, padding=same{})",
)
SHAPES = dict(conv_lstm1d=(5, 4, 2), conv_lstm2d=(5, 3, 4, 2), conv_lstm3d=(5, 3, 2, 2, 2))
MODES = ("concat", "sum", "mul", "ave")


def holes(shape):
    """Rows of a batch whose steps are zeros: behind, all but the first, in the middle, in front."""
    x = np.random.RandomState(7).uniform(-1, 1, (5, *shape))
    x[0, 3:] = x[1, 1:] = x[2, 1:3] = x[3, :2] = 0
    return x


def alone(made):
    return [
        ("p", "Points()(x)"),
        ("first", made(3, return_state=True) + "(p)"),
        ("back", made(3, return_sequences=True, return_state=True, go_backwards=True) + "(p, initial_state=first[1:])"),
        ("upon", made(2) + "(back[0])"),
        ("z", "concat([first[0], upon] + back[1:], -1)"),
    ]


def masked(made):
    return [
        ("m", "Masking()(x)"),
        ("first", made(3, return_sequences=True, return_state=True) + "(m)"),
        ("back", made(3, return_state=True, go_backwards=True) + "(first[0], initial_state=first[1:], mask=mask_of(first[0]))"),
        ("zero", made(2, return_sequences=True, zero_output_for_mask=True) + "(first[0])"),
        ("upon", made(2) + "(zero)"),
        ("z", "concat([upon] + back, -1)"),
    ]


def both(made, begin):
    """Merged in every way, one upon the other; then not merged, from given states."""
    graph, before, mask = [begin], begin[0], ", mask=mask_of(m)" if begin[0] == "m" else ""
    for mode in MODES:
        graph.append(("y_" + mode, f"Bidirectional({made(2, return_sequences=True)}, merge_mode='{mode}')({before})"))
        before = "y_" + mode
    return graph + [
        ("ends", f"Bidirectional({made(2, return_state=True)}, merge_mode=none)({before})"),
        ("last", f"Bidirectional({made(2)}, merge_mode='sum')({before}, initial_state=ends[2:]{mask})"),
        ("z", "concat(ends + [last], -1)"),
    ]


def make():
    for name, text in CELLS.items():
        shape = SHAPES.get(name, (5, 3))
        common = dict(definitions=MGU_DEFINITION if name == "mgu" else "", **ADAM)

        def made(units, **options):
            words = "".join(f", {key}={str(value).lower()}" for key, value in options.items())
            return text.format(units, words)

        case(f"cell_{name}", f"{name}: states given and returned, backwards, two layers.", shape, graph=alone(made), **common)
        if len(shape) == 2:  # Masking masks vectors; images are masked below
            x = holes(shape)
            case(f"cell_{name}_masked", f"{name}: masked steps.", shape, graph=masked(made), x=x, batch=5, **common)
        if name in ("gru_before", "conv_lstm1d", "conv_lstm3d"):  # its sister will do
            continue
        case(f"cell_{name}_both", f"{name}: both directions.", shape, graph=both(made, ("p", "Points()(x)")), **common)
        if len(shape) == 2:
            graph = both(made, ("m", "Masking()(x)"))
            case(f"cell_{name}_masked_both", f"{name}: masked steps, both directions.", shape, graph=graph, x=x, batch=5, **common)
    convolutional()
    wrappers()


def convolutional():
    case(
        "conv_lstm_options",
        "Strides, dilation, no padding, other activations, no bias; 20 training steps.",
        (4, 9, 8, 2),
        ["Points", "ConvLSTM2D(3, 3, strides=[2, 1], return_sequences=true)"]
        + ["ConvLSTM2D(2, [2, 3], padding=same, dilation_rate=2, use_bias=false, recurrent_activation=hard_sigmoid, return_sequences=true)"]
        + ["ConvLSTM2D(2, 2, strides=2, padding=same, activation=sigmoid, unit_forget_bias=false)"],
        **ADAM,
    )
    case(
        "conv_lstm_wide",
        "As wide as register tiles, behind a normalization, with a short batch.",
        (3, 6, 7, 8),
        ["ConvLSTM2D(16, 3, padding=same, return_sequences=true)", "BatchNormalization", "ConvLSTM2D(5, 3)"],
        batch=5,
        rows=3,
        **ADAM,
    )


def wrappers():
    x = np.random.RandomState(11).uniform(-1, 1, (5, 3, 4, 2))
    x[0, :, 2:] = x[1, 1] = x[2, 0, 1] = x[3, 2, :3] = 0
    graph = [
        ("m", "Masking()(x)"),
        ("each", "TimeDistributed(LSTM(3))(m)"),
        ("every", "TimeDistributed(GRU(2, return_sequences=true))(m)"),
        ("z", "concat([Flatten()(each), Flatten()(every)], -1)"),
    ]
    case("time_distributed_masked", "The mask of the steps inside a step.", (3, 4, 2), graph=graph, x=x, batch=5, **ADAM)
    case(
        "time_distributed_images",
        "A convolution for every step, and a recurrence over them; 20 training steps.",
        (3, 5, 4, 2),
        ["TimeDistributed(Conv2D(3, 2, strides=2, activation=tanh))", "TimeDistributed(Flatten())", "GRU(3, unroll=true)"],
        **ADAM,
    )
    x = holes((5, 3))
    x[x == 0] = -0.5
    case(
        "masking_value",
        "Steps of another number than 0 are masked, through a stack.",
        (5, 3),
        ["Masking(mask_value=-0.5)", "Dropout(0)", "TimeDistributed(Dense(4))", "LSTM(3, return_sequences=true, unroll=true)", "Dense(2)"]
        + ["RNN([GRUCell(3), LSTMCell(2)], return_sequences=true)", "SimpleRNN(2, zero_output_for_mask=true)"],
        x=x,
        batch=5,
        **ADAM,
    )
