"""Cases of the layers that pool over all places, or make images larger and smaller without weights."""
from layers import branches


def make():
    pools()
    unpools()
    global_pools()
    sizes()


def pools():
    branches(
        "pools1d",
        "Pools over time.",
        (9, 3),
        ["MaxPooling1D()(p)", "MaxPooling1D(3, 2, padding=same)(p)", "AveragePooling1D(2)(p)", "AveragePooling1D(3, 2, padding=same)(p)", "MaxPooling1D(4, 1)(p)"],
        train=True,
    )
    branches(
        "pools3d",
        "Pools over volumes.",
        (4, 5, 6, 3),
        ["MaxPooling3D()(p)", "MaxPooling3D([1, 2, 3], padding=same)(p)", "AveragePooling3D(2)(p)", "AveragePooling3D(3, 2, padding=same)(p)", "MaxPooling3D(3, 1)(p)"],
        train=True,
    )


def unpools():
    branches(
        "max_unpooling2d",
        "Numbers go back to where their maximum was.",
        (6, 8, 3),
        ["MaxUnpooling2D()(q0, i0)", "MaxUnpooling2D([3, 2])(q1, i1)", "MaxUnpooling2D(2, 3, output_size=[6, 8])(q2, i2)", "MaxUnpooling2D(3, padding='same', output_size=[6, 8])(q3, i3)", "MaxUnpooling2D(4, output_size=[6, 8])(q4, i4)"]
        + ["i1", "i3", "i5", "Conv2D(4, 3, padding=same)(MaxUnpooling2D()(Conv2D(3, 1)(q0), i0))"],
        more=[
            ("c", "Conv2D(3, 3, padding=same)(p)"),
            ("q0, i0", "MaxPooling2D(return_indices=true)(c)"),
            ("q1, i1", "MaxPooling2D([3, 2], return_indices=true)(c)"),
            ("q2, i2", "MaxPooling2D(2, 3, return_indices=true)(c)"),
            ("q3, i3", "MaxPooling2D(3, padding='same', return_indices=true)(c)"),
            ("q4, i4", "MaxPooling2D(4, return_indices=true)(c)"),
            ("q5, i5", "MaxPooling2D(3, 2, padding='same', return_indices=true)(c)"),
        ],
        train=True,
    )


def global_pools():
    branches(
        "global_pools1d",
        "Mean and maximum over time.",
        (5, 17),
        ["GlobalAveragePooling1D()(p)", "GlobalMaxPooling1D()(p)", "GlobalAveragePooling1D(keepdims=true)(p)", "GlobalMaxPooling1D(keepdims=true)(p)"],
        train=True,
    )
    branches(
        "global_pools2d",
        "Mean and maximum over images.",
        (5, 4, 3),
        ["GlobalAveragePooling2D()(p)", "GlobalMaxPooling2D()(p)", "GlobalAveragePooling2D(keepdims=true)(p)", "GlobalMaxPooling2D(keepdims=true)(p)"]
        + ["Dense(3)(GlobalAveragePooling2D()(Conv2D(19, 3, activation=relu)(p)))"],
        train=True,
    )
    branches(
        "global_pools3d",
        "Mean and maximum over volumes.",
        (3, 4, 2, 5),
        ["GlobalAveragePooling3D()(p)", "GlobalMaxPooling3D()(p)", "GlobalAveragePooling3D(keepdims=true)(p)", "GlobalMaxPooling3D(keepdims=true)(p)"],
        train=True,
    )


def sizes():
    branches(
        "up_sampling",
        "Larger images: nearest and bilinear.",
        (4, 3, 5),
        ["UpSampling2D()(p)", "UpSampling2D([1, 3])(p)", "UpSampling2D(2, interpolation='bilinear')(p)", "UpSampling2D([3, 2], interpolation='bilinear')(p)"]
        + ["UpSampling2D([1, 4], interpolation='bilinear')(p)", "Conv2D(3, 3)(UpSampling2D(2)(p))"],
        train=True,
    )
    branches("up_sampling1d", "Longer sequences.", (4, 3), ["UpSampling1D()(p)", "UpSampling1D(3)(p)"])
    branches("up_sampling3d", "Larger volumes.", (2, 3, 2, 3), ["UpSampling3D()(p)", "UpSampling3D([1, 2, 3])(p)"])
    branches(
        "up_sampling_thin",
        "Bilinear interpolation over one place.",
        (1, 2, 3),
        ["UpSampling2D(2, interpolation='bilinear')(p)", "UpSampling2D([4, 1], interpolation='bilinear')(p)"],
    )
    branches(
        "padding_cropping2d",
        "Zeros around images, and images without their edges.",
        (6, 7, 3),
        ["ZeroPadding2D()(p)", "ZeroPadding2D(2)(p)", "ZeroPadding2D([1, 2])(p)", "ZeroPadding2D([[0, 2], [3, 1]])(p)"]
        + ["Cropping2D()(p)", "Cropping2D(1)(p)", "Cropping2D([2, 1])(p)", "Cropping2D([[0, 2], [3, 1]])(p)"]
        + ["Conv2D(4, 3, strides=2)(ZeroPadding2D([[0, 1], [0, 1]])(p))"],
        train=True,
    )
    branches(
        "padding_cropping1d",
        "Zeros around sequences, and sequences without their ends.",
        (7, 3),
        ["ZeroPadding1D()(p)", "ZeroPadding1D([2, 0])(p)", "Cropping1D()(p)", "Cropping1D([1, 3])(p)"],
    )
    branches(
        "padding_cropping3d",
        "Zeros around volumes, and volumes without their edges.",
        (4, 5, 6, 2),
        ["ZeroPadding3D()(p)", "ZeroPadding3D([1, 0, 2])(p)", "ZeroPadding3D([[1, 0], [0, 2], [2, 1]])(p)"]
        + ["Cropping3D()(p)", "Cropping3D([1, 2, 0])(p)", "Cropping3D([[1, 0], [0, 2], [2, 1]])(p)"],
    )
