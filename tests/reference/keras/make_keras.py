#!/usr/bin/env python3
"""Makes tests/reference/cases: numbers by Keras 3 in float64 for every definition of the prelude.

Once:  python3 -m venv build/venv
       build/venv/bin/pip install keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 safetensors==0.8.0
Then:  build/venv/bin/python tests/reference/keras/make_keras.py [module ..]      (CASES=name,name: only those of them)

Two backends, each for what it alone does right. TensorFlow: losses and the kinks of activations, for on it Keras recovers
the logits of a sigmoid or softmax, and its gradients at kinks are those Keras has always had (0 for relu, 1 for elu, the
scale for selu, the slope for leaky_relu; the first of equal maxima). JAX: the rest, for on TensorFlow the arguments of
optimizers, regularizers and some activations pass through float32. Off TensorFlow, Keras computes nothing in float64 of its
own accord: `make` lifts that.
"""
import importlib
import os
import subprocess
import sys

BACKENDS = dict(
    kinks="tensorflow",
    losses="tensorflow",
    activations="jax",
    layers="jax",
    convolutions="jax",
    places="jax",
    merges="jax",
    normalizations="jax",
    sequences="jax",
    noise="jax",
    initializers="jax",
    optimizers="jax",
    networks="jax",
    functional="jax",
    recurrent="jax",
    stateful="tensorflow",
    cells="jax",
    ctc="jax",
    turns="tensorflow",
)


def environment(backend):
    return dict(
        os.environ,
        KERAS_BACKEND=backend,
        CUDA_VISIBLE_DEVICES="",
        JAX_PLATFORMS="cpu",
        JAX_ENABLE_X64="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_ENABLE_ONEDNN_OPTS="0",
    )


def attention_in_double(query, key, value, bias=None, mask=None, scale=None, is_causal=False, **options):
    """What jax.nn.dot_product_attention computes, without its float32: queries by heads, (B, T, N, H)."""
    import jax.numpy as np

    scores = np.einsum("btnh,bsnh->bnts", query, key) * scale
    causal = np.tril(np.ones(scores.shape[-2:], bool)) if is_causal else True
    seen = np.logical_and(causal, True if mask is None else mask)
    scores = np.where(seen, scores, -0.7 * np.finfo(scores.dtype).max)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bnts,bsnh->btnh", shares / shares.sum(-1, keepdims=True), value)


def make(module):
    import keras
    from keras.src.backend.common import dtypes

    if keras.backend.backend() == "jax":
        from keras.src.backend.jax import nn

        nn.dot_product_attention = attention_in_double

    keras.config.set_floatx("float64")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    importlib.import_module(module).make()


if len(sys.argv) == 3 and sys.argv[1] == "--one":
    make(sys.argv[2])
else:
    for name in sys.argv[1:] or BACKENDS:
        subprocess.run([sys.executable, __file__, "--one", name], env=environment(BACKENDS[name]), check=True)
