"""Cases of the layers that pool over all places, or make images larger and smaller without weights."""
from layers import branches


def make():
    global_pools()
    sizes()


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
