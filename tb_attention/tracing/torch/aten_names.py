"""ATen's operations that are one operation of the vocabulary with the same inputs."""

from __future__ import annotations

from tb_attention.tracing import ops


def _table(**names: str) -> dict[str, str]:
    return {name: getattr(ops, op) for op, several in names.items() for name in several.split()}


UNARY = _table(
    EXP="exp",
    LOG="log",
    LOG1P="log1p",
    TANH="tanh",
    SIGMOID="sigmoid hardsigmoid",
    SOFTPLUS="softplus",
    SQRT="sqrt",
    RSQRT="rsqrt",
    ABS="abs",
    NEG="neg",
    SIGN="sign sgn",
    SQUARE="square",
    RECIPROCAL="reciprocal",
    FLOOR="floor",
    ROUND="round",
    ERF="erf",
    ERFC="erfc",
    RELU="relu",
    RELU6="relu6",
    ELU="elu",
    LEAKY_RELU="leaky_relu",
    SELU="selu",
    LOGICAL="logical_not bitwise_not",
    CAST="_to_copy",
    IDENTITY="clone detach alias lift_fresh lift _conj contiguous native_dropout",
    EXPAND_DIMS="unsqueeze",
    SQUEEZE="squeeze",
    ZEROS_LIKE="zeros_like",
    ONES_LIKE="ones_like",
    TOP_K="topk sort",
    MATRIX_BAND_PART="tril triu",
    MATRIX_DIAG="diag_embed",
)

BINARY = _table(
    ADD="add",
    SUB="sub rsub",
    MUL="mul",
    DIV="div",
    MAXIMUM="maximum",
    MINIMUM="minimum",
    LESS="lt",
    COMPARE="eq ne le gt ge",
    LOGICAL="logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor",
    FLOOR_DIV="floor_divide",
    FLOOR_MOD="remainder fmod",
)

REDUCTIONS = _table(
    SUM="sum nansum", MEAN="mean", MAX="amax max", MIN="amin min", PROD="prod", ALL="all", ANY="any", NORM="var std"
) | _table(ARG_MAX="argmax", ARG_MIN="argmin")

FIRST_INPUT = {
    name: ops.BATCH_NORM
    for name in (
        "native_batch_norm",
        "_native_batch_norm_legit",
        "_native_batch_norm_legit_no_training",
        "_batch_norm_no_update",
        "cudnn_batch_norm",
        "miopen_batch_norm",
    )
} | {name: ops.OPAQUE for name in ("native_layer_norm", "native_group_norm", "_fused_rms_norm")}
"""Operations whose result has the axes of its first input; weights lie along one of them, often not the last."""
