"""Writes the tiny models of the tests beside this file: python make.py (needs the package onnx)."""

import pathlib

from onnx import TensorProto, checker, helper, save

HERE = pathlib.Path(__file__).parent
INT64, FLOAT, BOOL = TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def constant(name, dtype, values, shape=()):
    return helper.make_tensor(name, dtype, shape, values)


def write(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, HERE / f"{name}.onnx")


# Turns a loop as often as its largest input says: for ever, if one says so.
body = helper.make_graph(
    [
        helper.make_node("Identity", ["cond_in"], ["cond_out"]),
        helper.make_node("Add", ["turned_in", "one"], ["turned_out"]),
    ],
    "body",
    [value("turn", INT64, []), value("cond_in", BOOL, []), value("turned_in", INT64, ["batch"])],
    [value("cond_out", BOOL, []), value("turned_out", INT64, ["batch"])],
    [constant("one", INT64, [1])],
)
write(
    "loop",
    [
        helper.make_node("ReduceMax", ["turns"], ["most"], keepdims=0),
        helper.make_node("Sub", ["turns", "turns"], ["none"]),
        helper.make_node("Loop", ["most", "yes", "none"], ["turned"], body=body),
    ],
    [value("turns", INT64, ["batch"])],
    [value("turned", INT64, ["batch"])],
    [constant("yes", BOOL, [True])],
)

# Looks a row's index up in a table of ten; any other index makes ONNX Runtime throw.
write(
    "lookup",
    [helper.make_node("Gather", ["table", "index"], ["value"])],
    [value("index", INT64, ["batch"])],
    [value("value", FLOAT, ["batch"])],
    [constant("table", FLOAT, [i * i for i in range(10)], [10])],
)

# Allocates as many numbers as its largest input says.
write(
    "hungry",
    [
        helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=1),
        helper.make_node("ConstantOfShape", ["most"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["nothing"], keepdims=0),
        helper.make_node("Cast", ["numbers"], ["as_float"], to=FLOAT),
        helper.make_node("Add", ["as_float", "nothing"], ["seen"]),
    ],
    [value("numbers", INT64, ["batch"])],
    [value("seen", FLOAT, ["batch"])],
)

# NaN below nought, minus infinity at nought.
write(
    "logarithm",
    [helper.make_node("Log", ["x"], ["log"])],
    [value("x", FLOAT, ["batch"])],
    [value("log", FLOAT, ["batch"])],
)

# Sums rows of any length, and takes no lengths: rows that share a batch must be equally long.
write(
    "sum",
    [helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=0)],
    [value("x", FLOAT, ["batch", "length"])],
    [value("sum", FLOAT, ["batch"])],
    [constant("axes", INT64, [1], [1])],
)

# Gives each row its difference from the largest of the batch: an answer that depends on who shares it.
write(
    "relative",
    [
        helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0),
        helper.make_node("Sub", ["x", "largest"], ["below"]),
    ],
    [value("x", FLOAT, ["batch"])],
    [value("below", FLOAT, ["batch"])],
)

# One answer for the whole batch, though its shape promises one for each row.
write(
    "merged",
    [helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=1)],
    [value("x", FLOAT, ["batch"])],
    [value("largest", FLOAT, [None])],
)

# The mean of a row's tokens, its padding included: it is told each row's length, and makes no use of it.
write(
    "mean",
    [
        helper.make_node("Cast", ["ids"], ["floats"], to=FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean_of_all"], axes=[1], keepdims=0),
        helper.make_node("Cast", ["lengths"], ["lengths_as_floats"], to=FLOAT),
        helper.make_node("Mul", ["lengths_as_floats", "nothing"], ["unused"]),
        helper.make_node("Add", ["mean_of_all", "unused"], ["mean"]),
    ],
    [value("ids", INT64, ["batch", "length"]), value("lengths", INT64, ["batch"])],
    [value("mean", FLOAT, ["batch"])],
    [constant("nothing", FLOAT, [0])],
)

# Adds up six numbers, each by its weight; the last three weigh nothing. What every explanation of it must say is known.
write(
    "weighted",
    [
        helper.make_node("Mul", ["x", "weights"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "axes"], ["y"], keepdims=0),
    ],
    [value("x", FLOAT, ["batch", 6])],
    [value("y", FLOAT, ["batch"])],
    [constant("weights", FLOAT, [1.5, -2.0, 0.25, 0.0, 0.0, 0.0], [6]), constant("axes", INT64, [1], [1])],
)

# x0·x1 + tanh(x2): numbers that only count together, one that counts by itself, and three that do not count.
write(
    "together",
    [
        helper.make_node("Split", ["x", "sizes"], ["x0", "x1", "x2", "rest"], axis=1),
        helper.make_node("Mul", ["x0", "x1"], ["product"]),
        helper.make_node("Tanh", ["x2"], ["curve"]),
        helper.make_node("Add", ["product", "curve"], ["sum"]),
        helper.make_node("Squeeze", ["sum", "axes"], ["y"]),
    ],
    [value("x", FLOAT, ["batch", 6])],
    [value("y", FLOAT, ["batch"])],
    [constant("sizes", INT64, [1, 1, 1, 3], [4]), constant("axes", INT64, [1], [1])],
)

# For each token two scores, by a table, and a weight that is the token's share of all ids up to its text's end.
write(
    "token-scores",
    [
        helper.make_node("Gather", ["table", "token_ids"], ["logits"]),
        helper.make_node("Cast", ["token_ids"], ["as_float"], to=FLOAT),
        helper.make_node("CumSum", ["as_float", "axis"], ["running"]),
        helper.make_node("Sub", ["lengths", "one"], ["last"]),
        helper.make_node("Unsqueeze", ["last", "axes"], ["last_column"]),
        helper.make_node("GatherElements", ["running", "last_column"], ["total"], axis=1),
        helper.make_node("Div", ["as_float", "total"], ["weights"]),
    ],
    [value("token_ids", INT64, ["batch", "sequence"]), value("lengths", INT64, ["batch"])],
    [value("logits", FLOAT, ["batch", "sequence", 2]), value("weights", FLOAT, ["batch", "sequence"])],
    [
        constant("table", FLOAT, [0, 0, 0, 0, 2, 0, 0, 3, 1, 1], [5, 2]),
        constant("axis", INT64, [1]),
        constant("one", INT64, [1]),
        constant("axes", INT64, [1], [1]),
    ],
)
