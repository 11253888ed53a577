"""Writes tests/reference/images.txt: small images and what Pillow and OpenCV make of them, for tests/unit/test_image.c.

    python3 -m venv build/venv && build/venv/bin/pip install pillow 'opencv-python-headless<5' numpy
    build/venv/bin/python tests/reference/images.py

A line a case, bytes in hexadecimal, 16-bit pixels little-endian:
    decode NAME CHANNELS BITS HEIGHT WIDTH FILE PIXELS
    resize NAME CHANNELS BITS HEIGHT WIDTH TO_HEIGHT TO_WIDTH METHOD PIXELS EXPECTED     METHOD: nearest bilinear area
"""
import io
import os
import cv2
import numpy as np
from PIL import Image

random = np.random.default_rng(7)
lines = []


def smooth(height, width, channels, top):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    waves = 0.5 + 0.25 * np.sin(0.9 * x + c) + 0.25 * np.cos(0.7 * y - c)
    return np.clip(waves * top + random.normal(0, top / 25, waves.shape), 0, top)


def encoded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def decode_case(name, file, grey, colour):
    for pixels in (grey, colour):
        if pixels is None:
            continue
        height, width = pixels.shape[:2]
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        lines.append(f"decode {name} {channels} {pixels.itemsize*8} {height} {width} {file.hex()} {pixels.astype(pixels.dtype.newbyteorder('<')).tobytes().hex()}")


def pillow_case(name, file):
    grey = Image.open(io.BytesIO(file))
    if grey.format == "JPEG" and grey.mode == "RGB":
        grey.draft("L", grey.size)
    rgb = Image.open(io.BytesIO(file))
    if rgb.mode == "LA" or rgb.mode == "RGBA":
        rgb = Image.fromarray(np.asarray(rgb.convert("RGBA"))[:, :, :3])
        if grey.mode != "LA":
            grey = rgb
    decode_case(name, file, np.asarray(grey.convert("L")), np.asarray(rgb.convert("RGB")))


def decode_cases():
    colour = smooth(9, 11, 3, 255).round().astype(np.uint8)
    grey = smooth(9, 11, 1, 255).round().astype(np.uint8)[:, :, 0]
    alpha = random.integers(0, 256, (9, 11)).astype(np.uint8)
    rgb, luminance = Image.fromarray(colour), Image.fromarray(grey)
    rgba = Image.fromarray(np.dstack([colour, alpha]))
    pillow_case("png_grey", encoded(luminance, "PNG"))
    pillow_case("png_rgb", encoded(rgb, "PNG"))
    pillow_case("png_rgba", encoded(rgba, "PNG"))
    pillow_case("png_grey_alpha", encoded(Image.merge("LA", (luminance, Image.fromarray(alpha))), "PNG"))
    pillow_case("png_bilevel", encoded(luminance.convert("1"), "PNG"))
    pillow_case("png_palette", encoded(rgb.quantize(13), "PNG"))
    pillow_case("png_palette_4", encoded(rgb.quantize(4), "PNG", bits=2))
    pillow_case("png_palette_transparent", encoded(rgb.quantize(9), "PNG", transparency=3))
    wide = smooth(7, 6, 1, 65535).round().astype(np.uint16)[:, :, 0]
    file = cv2.imencode(".png", wide)[1].tobytes()
    decode_case("png_grey_16", file, wide, np.dstack([wide] * 3))
    wide = smooth(7, 6, 3, 65535).round().astype(np.uint16)
    file = cv2.imencode(".png", wide[:, :, ::-1])[1].tobytes()
    n = wide.astype(np.uint64)
    luma = ((n[:, :, 0] * 19595 + n[:, :, 1] * 38470 + n[:, :, 2] * 7471 + 0x8000) >> 16).astype(np.uint16)
    decode_case("png_rgb_16", file, luma, wide)
    pillow_case("jpeg_grey", encoded(luminance, "JPEG", quality=90))
    pillow_case("jpeg_420", encoded(rgb, "JPEG", quality=90))
    pillow_case("jpeg_444_progressive", encoded(rgb, "JPEG", quality=95, subsampling=0, progressive=True))
    inks = encoded(rgb.convert("CMYK"), "JPEG", quality=90)
    pillow_case("jpeg_cmyk", inks)
    at = inks.index(b"\xff\xee")  # Pillow takes inks to be inverted also without Adobe's marker
    pillow_case("jpeg_cmyk_plain", inks[:at] + inks[at + 2 + int.from_bytes(inks[at + 2:at + 4], "big"):])


def resize_cases():
    sizes = [((9, 11), (4, 5)), ((9, 11), (13, 17)), ((9, 11), (9, 6)), ((12, 8), (6, 4)), ((12, 8), (4, 2)), ((5, 7), (11, 3)),
             ((1, 6), (3, 4)), ((6, 1), (2, 3)), ((7, 7), (7, 7)), ((16, 10), (3, 20))]
    for number, (size, to) in enumerate(sizes):
        for dtype, channels in ((np.uint8, 1), (np.uint8, 3), (np.uint16, 1)):
            if dtype == np.uint16 and number % 3:
                continue
            top = np.iinfo(dtype).max
            image = random.integers(0, top + 1, (*size, channels)).astype(dtype)
            if channels == 1:
                image = image[:, :, 0]
            results = {"bilinear": cv2.resize(image, to[::-1], interpolation=cv2.INTER_LINEAR),
                       "area": cv2.resize(image, to[::-1], interpolation=cv2.INTER_AREA)}
            if dtype == np.uint8:
                results["nearest"] = np.asarray(Image.fromarray(image).resize(to[::-1], Image.NEAREST))
            for method, expected in results.items():
                lines.append(f"resize {size[0]}x{size[1]}to{to[0]}x{to[1]} {channels} {image.itemsize*8} {size[0]} {size[1]} "
                             f"{to[0]} {to[1]} {method} {image.tobytes().hex()} {expected.tobytes().hex()}")


decode_cases()
resize_cases()
path = os.path.join(os.path.dirname(__file__), "images.txt")
with open(path, "w") as file:
    file.write(f"# by images.py: Pillow {Image.__version__}, OpenCV {cv2.__version__}\n")
    file.write("\n".join(lines) + "\n")
