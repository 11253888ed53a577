"""Writes tests/reference/distributions.txt: what scipy 1.17 computes for the functions of prelude/distributions.yaml.

    build/venv/bin/python tests/reference/distributions.py

tests/unit/test_distributions.c reads it. The first line holds x, two rows of three numbers; each other line is an expression of
x and its values.
"""
import numpy as np
from scipy import special, stats

x = np.array([[0.25, 0.5, 0.75], [-1.0, 2.0, 0.125]])
kl = lambda p, q: np.sum(p * (np.log(p) - np.log(q)), -1)
pair = lambda z: np.stack([special.expit(z), special.expit(-z)], -1)
soft = lambda z: special.softmax(z, -1)

CASES = {
    "normal_log_prob(x)": stats.norm.logpdf(x),
    "normal_log_prob(x, 0.3, 1.7)": stats.norm.logpdf(x, 0.3, 1.7),
    "normal_log_prob(0.5, x, exp(x))": stats.norm.logpdf(0.5, x, np.exp(x)),
    "normal_kl(x, exp(x))": np.vectorize(
        lambda m, s: stats.norm(m, s).expect(lambda t: stats.norm.logpdf(t, m, s) - stats.norm.logpdf(t), lb=m - 20 * s, ub=m + 20 * s, limit=500)
    )(x, np.exp(x)),
    "normal_kl(x, 0.5, 1, 2)": np.vectorize(
        lambda m: stats.norm(m, 0.5).expect(lambda t: stats.norm.logpdf(t, m, 0.5) - stats.norm.logpdf(t, 1, 2), lb=m - 10, ub=m + 10, limit=500)
    )(x),
    "uniform_log_prob(x, -2, 3)": stats.uniform.logpdf(x, -2, 5),
    "uniform_log_prob(x)": stats.uniform.logpdf(x),
    "uniform_kl(x, x + 0.5, -3, 4)": np.full((2, 3), np.log(7 / 0.5)),
    "bernoulli_log_prob(x > 0.4, x)": stats.bernoulli.logpmf(x > 0.4, special.expit(x)),
    "bernoulli_kl(x, 2*x - 1)": kl(pair(x), pair(2 * x - 1)),
    "gumbel_log_prob(x)": stats.gumbel_r.logpdf(x),
    "gumbel_log_prob(x, 0.3, 1.7)": stats.gumbel_r.logpdf(x, 0.3, 1.7),
    "categorical_log_prob(argmax(x, -1), x)": np.log(soft(x))[np.arange(2), np.argmax(x, -1)],
    "categorical_kl(x, -2*x)": kl(soft(x), soft(-2 * x)),
    "categorical_entropy(x)": stats.entropy(soft(x), axis=-1),
}

with open("tests/reference/distributions.txt", "w") as file:
    file.write("x | " + " ".join(float(v).hex() for v in x.ravel()) + "\n")
    for text, values in CASES.items():
        file.write(f"{text} | " + " ".join(float(v).hex() for v in np.ravel(values)) + "\n")
