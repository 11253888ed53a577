"""Writes tests/reference/tokens.txt: what Keras's TextVectorization makes of lines of text, for tests/unit/test_data_text.c.

    build/venv/bin/python tests/reference/tokens.py      (keras 3 on tensorflow)

A case: "case: SPLIT STANDARDIZE SIZE LENGTH", then "text: LINE" for each line (hexadecimal of its UTF-8), "vocabulary: WORD .."
(hexadecimal, without padding and unknown, in the order of their ids), "ids: N .." for each line, "end:".
"""
import random
import keras

draw = random.Random(7)
WORDS = ("the The THE cat Cat's can't — naïve Ärger ärger 日本 e-mail e_mail 3.14 $5 (ok) [x] a/b ... !? x^2 `q` ~ {y} \\n@ #1 "
         "film movie good bad not very of and to is").split()
out = open("tests/reference/tokens.txt", "w", encoding="utf-8")
hexed = lambda text: text.encode().hex() or "-"


def lines_of(count):
    blanks = [" ", " ", " ", "  ", "\t", " \v ", "\f"]
    lines = ["".join(draw.choice(WORDS) + draw.choice(blanks) for _ in range(draw.randint(1, 12))) for _ in range(count)]
    return lines + [" leading", "", "...", "\u00a0no\u00a0break\u2003spaces"]


for split in ("whitespace", "character"):
    for standardize in (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"):
        for size, length in ((1000, 8), (9, 20), (5, 3)):
            lines = lines_of(12)
            layer = keras.layers.TextVectorization(max_tokens=size, standardize=standardize, split=split, output_sequence_length=length)
            layer.adapt(lines)
            out.write(f"case: {split} {standardize} {size} {length}\n")
            out.writelines(f"text: {hexed(line)}\n" for line in lines)
            out.write("vocabulary: " + " ".join(map(hexed, layer.get_vocabulary(include_special_tokens=False))) + "\n")
            out.writelines("ids: " + " ".join(str(int(i)) for i in row) + "\n" for row in layer(lines))
            out.write("end:\n")
