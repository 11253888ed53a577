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
        + ["leaky_relu(p)", "softplus(p)", "softmax(p)", "log_softmax(p)"]
        + ["relu6(p)", "celu(p)", "log_sigmoid(p)", "softsign(p)", "mish(p)", "exponential(p)", "hard_sigmoid(p)"]
        + ["hard_silu(p)", "hard_swish(p)", "hard_tanh(p)", "hard_shrink(p)", "soft_shrink(p)", "tanh_shrink(p)"]
        + ["sparse_plus(p)", "sparse_sigmoid(p)", "squareplus(p)", "glu(p)", "threshold(p, 0.7, -0.3)"],
        SMOOTH,
    )
    points_case(
        "activation_arguments",
        "Activations with their arguments.",
        ["gelu(p, approximate=true)", "leaky_relu(p, negative_slope=0.05)", "elu(p, alpha=0.5)", "relu(p, max_value=2.5)"]
        + ["relu(p, negative_slope=0.1)", "relu(p, threshold=0.7)", "relu(p, 0.2, 4, 0.3)", "relu(p, 0.2, 6)"]
        + ["celu(p, alpha=0.5)", "hard_shrink(p, 1.3)", "soft_shrink(p, threshold=0.2)", "squareplus(p, b=1.5)"],
        SMOOTH,
    )
    points_case(
        "activations_far",
        "Far from zero nothing overflows.",
        ["sigmoid(p)", "tanh(p)", "softplus(p)", "softmax(p)", "swish(p)", "gelu(p)", "elu(p)", "selu(p)"]
        + ["celu(p)", "log_sigmoid(p)", "softsign(p)", "mish(p)", "squareplus(p)", "log_softmax(p)", "hard_silu(p)"],
        FAR,
    )
    points_case("celu_at_0", "TensorFlow has 2 as the derivative at 0; here it is 1, as on JAX and PyTorch.", ["celu(p)", "celu(p, alpha=0.5)"], np.array([0.0, 1.0, -1.0]))
    layers = ["Dense(7, activation=celu(alpha=0.5))", "Activation(leaky_relu(negative_slope=0.05))", "Dense(5, activation=softmax())"]
    case("activation_partial", "Activations with arguments, whose tensor is yet to come.", (6,), layers=layers, batch=4)
    graph = [("h", "Dense(5)(x)"), ("a", "snake(h)"), ("y", "Dense(2)(a)")]
    snake = "activations:\n  snake(x):\n    alpha: learn(1.0)\n    return: x + sin(alpha*x)^2/alpha\n"
    case("activation_learned", "An activation with a number that is learned.", (6,), graph=graph, batch=4, optimizer="Adam(0.05)", definitions=snake, train=True)
    graph = [
        ("p", "Points()(x)"),
        ("maps", "Activation(softmax)(p)"),
        ("columns", "softmax(p, axis=1)"),
        ("other", "Activation('gelu')(p)"),
        ("y", "concat([maps, columns, other], -1)"),
    ]
    case("softmax_axes", "Softmax over channels and over rows of an image.", (3, 5, 7), graph=graph, batch=3)
