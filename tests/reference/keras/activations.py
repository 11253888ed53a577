"""Cases of the activations: values and gradients at many points."""
import numpy as np

from case import case

NEAR = np.array([0.0, 1e-8, -1e-8, 1e-3, -1e-3, 1.0, -1.0, 3.0, -3.0, 6.0, -6.0, *np.linspace(-7.9, 7.9, 42)])
FAR = np.array([0.5, 20.0, -20.0, 45.0, -45.0, 88.0, -88.0, 150.0, -150.0])
# without the points where a definition has a kink; kinks.py has those
SMOOTH = np.array([point for point in NEAR if abs(point) not in (0.0, 1.0, 3.0, 6.0)])


def points_case(name, doc, expressions, points):
    """A branch for each expression over its own points p; the output is all of them side by side."""
    graph = []
    for number, expression in enumerate(expressions):
        graph += [(f"p{number}", "Points()(x)"), (f"a{number}", expression.replace("(p", f"(p{number}", 1))]
    graph.append(("y", concat_of([f"a{number}" for number in range(len(expressions))])))
    weights = {"points" + (f"_{number}" if number else "") + "/w": points for number in range(len(expressions))}
    x = np.stack([np.zeros_like(points), np.full_like(points, 0.37)])  # the first row sees the points themselves
    case(name, doc, points.shape, graph=graph, x=x, batch=2, weights=weights)


def concat_of(names):
    return "concat([" + ", ".join(names) + "], -1)"


def make():
    points_case(
        "activations",
        "Every activation: values and gradients at many points.",
        ["linear(p)", "relu(p)", "sigmoid(p)", "tanh(p)", "elu(p)", "selu(p)", "gelu(p)", "swish(p)", "silu(p)"]
        + ["leaky_relu(p)", "softplus(p)", "softmax(p)", "log_softmax(p)"],
        SMOOTH,
    )
    points_case(
        "activation_arguments",
        "Activations with their arguments.",
        ["gelu(p, approximate=true)", "leaky_relu(p, negative_slope=0.05)", "elu(p, alpha=0.5)", "relu(p, max_value=2.5)"]
        + ["relu(p, negative_slope=0.1)", "relu(p, threshold=0.7)", "relu(p, 0.2, 4, 0.3)"],
        SMOOTH,
    )
    points_case(
        "activations_far",
        "Far from zero nothing overflows.",
        ["sigmoid(p)", "tanh(p)", "softplus(p)", "softmax(p)", "swish(p)", "gelu(p)", "elu(p)", "selu(p)"],
        FAR,
    )
    graph = [
        ("p", "Points()(x)"),
        ("maps", "Activation(softmax)(p)"),
        ("columns", "softmax(p, axis=1)"),
        ("other", "Activation('gelu')(p)"),
        ("y", "concat([maps, columns, other], -1)"),
    ]
    case("softmax_axes", "Softmax over channels and over rows of an image.", (3, 5, 7), graph=graph, batch=3)
