"""Cases of the convolutions beyond Conv2D: one and three axes, transposed ones."""
from layers import branches


def make():
    lines()
    volumes()
    transposed()
    separable()


def separable():
    branches(
        "depthwise_conv2d",
        "Convolutions of each channel for itself.",
        (7, 8, 5),
        ["DepthwiseConv2D(3)(p)", "DepthwiseConv2D(3, padding=same, depth_multiplier=2, activation=tanh)(p)", "DepthwiseConv2D([2, 4], strides=2)(p)"]
        + ["DepthwiseConv2D(3, strides=2, padding=same, use_bias=false)(p)", "DepthwiseConv2D(2, dilation_rate=2)(p)"]
        + ["DepthwiseConv2D(3, padding=same)(Conv2D(32, 1, activation=relu)(p))"],
        train=True,
    )
    branches(
        "depthwise_conv1d",
        "Convolutions of each feature for itself.",
        (9, 4),
        ["DepthwiseConv1D(3)(p)", "DepthwiseConv1D(4, padding=same, depth_multiplier=3)(p)", "DepthwiseConv1D(2, strides=2)(p)"]
        + ["DepthwiseConv1D(3, dilation_rate=2, activation=tanh)(p)"],
        train=True,
    )
    branches(
        "separable_conv2d",
        "A depthwise and a pointwise convolution.",
        (6, 7, 4),
        ["SeparableConv2D(5, 3)(p)", "SeparableConv2D(3, 3, padding=same, depth_multiplier=2, activation=tanh)(p)", "SeparableConv2D(4, 2, 2, use_bias=false)(p)"]
        + ["SeparableConv2D(2, 2, dilation_rate=2)(p)"],
        train=True,
    )
    branches(
        "separable_conv1d",
        "The same over time.",
        (9, 4),
        ["SeparableConv1D(5, 3)(p)", "SeparableConv1D(3, 3, padding=same, depth_multiplier=2, activation=tanh)(p)", "SeparableConv1D(4, 2, 2, use_bias=false)(p)"],
        train=True,
    )


def lines():
    branches(
        "conv1d",
        "Convolutions of sequences: every padding, strides, dilation, groups.",
        (11, 4),
        ["Conv1D(5, 3)(p)", "Conv1D(17, 4, padding=same, activation=tanh)(p)", "Conv1D(3, 3, padding=causal)(p)"]
        + ["Conv1D(3, 2, padding=causal, dilation_rate=3)(p)", "Conv1D(4, 5, strides=2)(p)", "Conv1D(4, 3, 3, padding=same)(p)"]
        + ["Conv1D(6, 3, groups=2, use_bias=false)(p)", "Conv1D(2, 3, dilation_rate=2)(p)", "Conv1D(9, 1)(p)"]
        + ["Conv1D(4, 3, strides=2, padding=causal)(p)"],
        train=True,
    )


def volumes():
    branches(
        "conv3d",
        "Convolutions of volumes.",
        (5, 4, 6, 3),
        ["Conv3D(5, 3)(p)", "Conv3D(4, [2, 3, 1], padding=same, activation=tanh)(p)", "Conv3D(3, 2, strides=2)(p)"]
        + ["Conv3D(6, 3, strides=[1, 2, 3], padding=same)(p)", "Conv3D(6, 2, groups=3)(p)", "Conv3D(2, 2, dilation_rate=[2, 1, 3])(p)"],
        train=True,
    )


def transposed():
    branches(
        "conv2d_transpose",
        "Transposed convolutions: kernels smaller and larger than strides, both paddings.",
        (4, 5, 3),
        ["Conv2DTranspose(5, 3)(p)", "Conv2DTranspose(4, 4, strides=2, padding=same)(p)", "Conv2DTranspose(3, 3, 2, activation=tanh)(p)"]
        + ["Conv2DTranspose(3, 3, 2, padding=same)(p)", "Conv2DTranspose(2, 2, strides=2)(p)", "Conv2DTranspose(2, [2, 1], strides=3)(p)"]
        + ["Conv2DTranspose(2, 2, strides=3, padding=same)(p)", "Conv2DTranspose(17, 3, padding=same, use_bias=false)(p)"]
        + ["Conv2DTranspose(3, [5, 3], strides=[2, 1], padding=same)(p)"],
        train=True,
    )
    branches(
        "conv2d_transpose_output_padding",
        "Transposed convolutions whose output's size is chosen.",
        (4, 5, 2),
        ["Conv2DTranspose(3, 3, 2, output_padding=1)(p)", "Conv2DTranspose(3, 3, 2, padding=same, output_padding=1)(p)"]
        + ["Conv2DTranspose(3, 3, 2, padding=same, output_padding=0)(p)", "Conv2DTranspose(2, 4, 3, padding=same, output_padding=2)(p)"]
        + ["Conv2DTranspose(2, [5, 2], [2, 3], output_padding=[1, 2])(p)", "Conv2DTranspose(2, 5, [3, 2], padding=same, output_padding=[0, 1])(p)"],
    )
    branches(
        "conv2d_transpose_dilation",
        "Transposed convolutions with dilated kernels.",
        (4, 5, 2),
        ["Conv2DTranspose(3, 3, dilation_rate=2)(p)", "Conv2DTranspose(3, 2, padding=same, dilation_rate=[2, 3])(p)"],
    )
    branches(
        "conv1d_transpose",
        "Transposed convolutions of sequences.",
        (6, 3),
        ["Conv1DTranspose(5, 4, 2)(p)", "Conv1DTranspose(4, 3, strides=2, padding=same, activation=tanh)(p)", "Conv1DTranspose(2, 3)(p)"]
        + ["Conv1DTranspose(3, 4, 3, output_padding=1)(p)", "Conv1DTranspose(3, 3, dilation_rate=2, padding=same)(p)"],
        train=True,
    )
    branches(
        "conv3d_transpose",
        "Transposed convolutions of volumes.",
        (2, 3, 4, 3),
        ["Conv3DTranspose(5, 3, 2)(p)", "Conv3DTranspose(4, 2, strides=2, padding=same)(p)"]
        + ["Conv3DTranspose(2, [1, 2, 3], strides=[1, 3, 2], padding=same, output_padding=[0, 2, 1])(p)"],
        train=True,
    )
