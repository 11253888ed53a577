"""Cases of masks, from where they arise to where they are read, and of attention."""
import numpy as np

import own
from case import case
from layers import branches


def numbers(seed, shape, high):
    """Whole numbers; the last ones of some rows are 0."""
    random = np.random.RandomState(seed)
    x = random.randint(1, high, shape)
    for row in range(shape[0]):
        x[row, shape[1] - row :] = 0
    return x


def make():
    masks()
    attention()
    heads()
    positions()


def masks():
    case(
        "mask_embedding",
        "A mask from the number 0, through layers, to a mean over time.",
        (6,),
        layers=["Embedding(9, 5, mask_zero=true)", "Dense(4, activation=tanh)", "LayerNormalization()", "Dropout(0)", "TimeDistributed(Dense(3))"]
        + ["PReLU()", "GlobalAveragePooling1D", "Dense(2)"],
        x=numbers(1, (4, 6), 9),
        batch=4,
        train=True,
    )
    case(
        "mask_loss",
        "A loss over the steps that the mask keeps.",
        (6,),
        layers=["Embedding(9, 5, mask_zero=true)", "Dense(4, activation=relu)", "Dense(3)"],
        x=numbers(2, (4, 6), 9),
        batch=4,
        train=True,
    )
    case(
        "mask_dropped",
        "Layers that read no masks end them.",
        (6,),
        graph=[
            ("e", "Embedding(9, 4, mask_zero=true)(x)"),
            ("a", "GlobalAveragePooling1D()(Conv1D(3, 1)(e))"),
            ("b", "GlobalAveragePooling1D()(RMSNormalization()(e))"),
            ("c", "GlobalAveragePooling1D()(Reshape([6, 4])(e))"),
            ("d", "GlobalMaxPooling1D()(e)"),
            ("f", "GlobalAveragePooling1D()(UnitNormalization()(Identity()(Activation(tanh)(e))))"),
            ("g", "GlobalAveragePooling1D()(GroupNormalization(2)(e))"),
            ("y", "concat([a, b, c, d, f, g], -1)"),
        ],
        x=numbers(3, (5, 6), 9),
        batch=5,
    )
    shape, random = (4, 5, 3), np.random.RandomState(5)
    x = random.uniform(-1, 1, shape)
    for row in range(4):
        x[row, 5 - row :] = 0.25
    case(
        "masking",
        "Steps that are all one number are masked and become 0.",
        shape[1:],
        layers=["Masking(0.25)", "Dense(4, activation=tanh)", "BatchNormalization()", "GlobalAveragePooling1D", "Dense(2)"],
        x=x,
        batch=4,
        train=True,
    )
    lengths()
    x = numbers(6, (5, 8), 9)
    x[:, 4:] = numbers(7, (5, 4), 9)[::-1]
    case(
        "mask_merges",
        "Merging what is masked in different places.",
        (8,),
        graph=[
            ("u, v", "Split()(x)"),
            ("a", "Embedding(9, 4, mask_zero=true)(u)"),
            ("b", "Embedding(9, 4, mask_zero=true)(v)"),
            ("c", "Embedding(9, 4)(v)"),
        ]
        + [(f"m{i}", f"GlobalAveragePooling1D()({text})") for i, text in enumerate(MERGES)]
        + [("y", "concat([" + ", ".join(f"m{i}" for i in range(len(MERGES))) + "], -1)")],
        x=x,
        batch=5,
        definitions=SPLIT,
        train=True,
    )


def lengths():
    """The first step of x holds the length of what follows."""
    x = np.random.RandomState(9).uniform(-1, 1, (5, 7, 2))
    x[:, 0, 0] = [6, 1, 3, 5, 2]
    for padding in ("post", "pre"):
        graph = [("n", "Lengths()(x)"), ("r", "Rest()(x)"), ("s", f"LengthMasking(padding='{padding}')(r, n)")]
        graph += [("h", "LSTM(3, return_sequences=true)(s)"), ("y", "Dense(2)(h)")]
        case(f"lengths_{padding}", "Masks by lengths, in states and in the loss.", (7, 2), graph=graph, x=x, batch=5, definitions=LENGTHS, train=True)


LENGTHS = """\
blocks:
  Lengths()(x): x[:, 0, 0]
  Rest()(x): x[:, 1:]
"""
MERGES = [f"{name}()([a, {other}])" for name in "Add Multiply Average Maximum Minimum Subtract Concatenate".split() for other in "bc"]
MERGES += ["Concatenate(axis=1)([a, b])", "Concatenate(axis=1)([c, a])", "Maximum()([a, b, a])", "Multiply()([c, b])"]
SPLIT = """\
blocks:
  Split()(x):
    return: "[x[:, :4], x[:, 4:]]"
"""


def attention():
    graph = [("p", "Points()(x)"), ("k", "Dense(5)(p)"), ("v", "Dense(4)(p)"), ("q", "Dense(5)(Conv1D(6, 3)(p))"), ("w", "Dense(5)(p)")]
    texts = ["Attention()([q, k])", "Attention(use_scale=true)([q, v, k])", "Attention(score_mode='concat')([q, k])", "Attention(use_scale=true, score_mode='concat')([q, v, k])"]
    texts += ["Attention()([k, w], use_causal_mask=true)", "AdditiveAttention()([q, k])", "AdditiveAttention(use_scale=false)([q, v, k])", "AdditiveAttention()([k, w], use_causal_mask=true)"]
    branches("attention", "Dot-product and additive attention.", (6, 3), texts + ["s"], more=graph[1:] + [("z, s", "Attention()([q, k], return_attention_scores=true)")], train=True)
    case(
        "attention_masks",
        "Attention over what a mask keeps; queries that a mask drops give 0.",
        (6,),
        graph=[
            ("e", "Embedding(9, 4, mask_zero=true)(x)"),
            ("d", "Dense(4)(e)"),
            ("a", "Attention()([e, d])"),
            ("b", "AdditiveAttention()([d, e], use_causal_mask=true)"),
            ("c", "Attention(use_scale=true)([e, d], use_causal_mask=true)"),
            ("fa", "Flatten()(a)"),
            ("fb", "Flatten()(b)"),
            ("fc", "Flatten()(c)"),
            ("ga", "GlobalAveragePooling1D()(a)"),
            ("y", "concat([fa, fb, fc, ga], -1)"),
        ],
        x=numbers(8, (5, 6), 9),
        batch=5,
        train=True,
    )


def heads():
    branches(
        "multi_head_attention",
        "Several heads: self and cross attention, causal, windows, other sizes.",
        (5, 6),
        ["MultiHeadAttention(2, 3)(p, p)", "MultiHeadAttention(2, 3, use_bias=false, output_shape=7)(p, q, v)"]
        + ["MultiHeadAttention(2, 3)(p, p, use_causal_mask=true)", "MultiHeadAttention(2, 3, sliding_window=2)(p, p)", "MultiHeadAttention(2, 3, use_gate=true)(p, p)"]
        + ["MultiHeadAttention(2, 3, output_shape=[2, 4])(p, p)"],
        more=[("q", "Dense(4)(Conv1D(5, 2)(p))"), ("v", "Dense(3)(q)")],
        train=True,
    )
    branches(
        "multi_head_attention_scores",
        "Scores, masks of the caller's, images.",
        (4, 6),
        ["a", "s", "c", "t", "d", "MultiHeadAttention(2, 3)(p, q, attention_mask=m)", "MultiHeadAttention(1, 2)(i, i)", "MultiHeadAttention(2, 3)(p, q, attention_mask=m, use_causal_mask=true)"],
        more=[
            ("q", "Dense(4)(p)"),
            ("m", "Allowed()(p, q)"),
            ("a, s", "MultiHeadAttention(2, 3)(p, q, return_attention_scores=true)"),
            ("c, t", "MultiHeadAttention(2, 3)(p, q, attention_mask=m, return_attention_scores=true)"),
            ("d, u", "MultiHeadAttention(3, 2, value_dim=4, use_gate=true)(q, p, return_attention_scores=true)"),
            ("i", "Reshape([2, 4, 3])(p)"),
        ],
        definitions=own.ALLOWED,
        train=True,
    )
    branches(
        "group_query_attention",
        "Queries of several heads share keys and values.",
        (5, 6),
        ["GroupQueryAttention(3, 4, 2)(p, p)", "GroupQueryAttention(2, 4, 1, use_bias=false)(p, q)", "GroupQueryAttention(2, 3, 3, use_gate=true)(p, p, use_causal_mask=true)", "a", "s"],
        more=[("q", "Dense(6)(p)"), ("a, s", "GroupQueryAttention(2, 4, 2, sliding_window=2)(p, q, return_attention_scores=true)")],
        train=True,
    )
    case(
        "transformer_masks",
        "A block of a transformer over sequences of several lengths. (Keras takes the mask off what MultiHeadAttention reads.)",
        (6,),
        graph=[
            ("e", "Embedding(9, 8, mask_zero=true)(x)"),
            ("h", "Add()([e, SinePositionEncoding()(e)])"),
            ("n", "LayerNormalization()(h)"),
            ("a", "MultiHeadAttention(2, 4)(n, n)"),
            ("b", "Add()([a, h])"),
            ("m", "LayerNormalization()(b)"),
            ("f", "Dense(8)(Dense(16, activation=relu)(m))"),
            ("c", "Add()([f, b])"),
            ("k", "LayerNormalization()(c)"),
            ("d", "MultiHeadAttention(2, 4)(k, m, use_causal_mask=true)"),
            ("g", "GroupQueryAttention(4, 2, 1)(d, c)"),
            ("y", "Dense(3)(GlobalAveragePooling1D()(g))"),
        ],
        x=numbers(9, (4, 6), 9),
        batch=4,
        train=True,
        optimizer="SGD()",
    )


def positions():
    branches(
        "positions",
        "Learned and computed vectors of positions.",
        (5, 6),
        ["PositionEmbedding(5)(p)", "PositionEmbedding(9)(p)", "SinePositionEncoding()(p)", "SinePositionEncoding(50)(p)", "Add()([p, PositionEmbedding(5)(p)])"],
        train=True,
    )
