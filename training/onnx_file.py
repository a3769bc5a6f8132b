"""From what an exporter wrote to the file that is served: plain operators, plain names, no traces of this machine."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime loads

import onnx
import onnx.inliner
import onnxruntime
import onnxscript.optimizer

MAX_OPSET = 21
FOLD_LIMIT = 1 << 22  # elements; above all weights here, so that their rearrangement is done once and not at every load
IR_VERSION = 10  # exporters write the newest; older runtimes refuse what they do not know
TRACES = re.compile(rb"(/tmp/|/home/|/root/|/usr/|/opt/|/work/|/var/|site-packages|\.py\b|[A-Za-z]:\\)")


def write_served_model(
    exported: onnx.ModelProto, path: Path, outputs: dict[str, str], varying: dict[str, tuple[int, str]] | None = None
) -> None:
    """Tidy, check and write `exported`; `outputs` maps the exporter's output names to ours.

    `varying` names a dimension of an output that the exporter wrote down as its example had it, though the graph that
    it made is right for every size.
    """
    model = onnxscript.optimizer.optimize(exported, input_size_limit=FOLD_LIMIT, output_size_limit=FOLD_LIMIT)
    model = onnx.inliner.inline_local_functions(model)
    strip_notes(model)
    del model.graph.value_info[:]
    rename(model.graph, outputs | plain_names(model.graph, outputs))
    for value in model.graph.output:
        if varying is not None and value.name in varying:
            place, name = varying[value.name]
            value.type.tensor_type.shape.dim[place].dim_param = name
    model.ir_version = IR_VERSION
    keep_only_used_domains(model)
    model.graph.name = path.parent.parent.name
    check(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def strip_notes(model: onnx.ModelProto) -> None:
    """Exporters leave stack traces with file paths in metadata and doc strings, at every level."""
    model.doc_string = ""
    model.producer_version = ""
    del model.metadata_props[:]
    for graph in graphs(model.graph):
        for item in [graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
            item.doc_string = ""
            del item.metadata_props[:]


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """`graph` and every graph nested in its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node:
                    yield from graphs(inner)


def plain_names(graph: onnx.GraphProto, outputs: dict[str, str]) -> dict[str, str]:
    """`weight_0`… for initializers, `<operator>_0`… for what nodes compute; inputs and outputs keep theirs."""
    names = {tensor.name: f"weight_{i}" for i, tensor in enumerate(graph.initializer)}
    for i, node in enumerate(graph.node):
        for j, value in enumerate(node.output):
            if value and value not in outputs:
                names[value] = f"{node.op_type.lower()}_{i}" + (f"_{j}" if j else "")
    return names


def rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    for i, node in enumerate(graph.node):
        node.name = f"{node.op_type.lower()}_{i}"
        node.input[:] = [names.get(value, value) for value in node.input]
        node.output[:] = [names.get(value, value) for value in node.output]
    for item in [*graph.initializer, *graph.output]:
        item.name = names.get(item.name, item.name)


def keep_only_used_domains(model: onnx.ModelProto) -> None:
    used = {node.domain for graph in graphs(model.graph) for node in graph.node}
    needed = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(needed)


def check(model: onnx.ModelProto) -> None:
    """Refuse what not every runtime takes: other domains, new opsets, local functions, external tensors."""
    onnx.checker.check_model(model, full_check=True)
    domains = {opset.domain: opset.version for opset in model.opset_import}
    if set(domains) != {""} or domains[""] > MAX_OPSET or model.functions:
        raise SystemExit(f"The graph needs {domains} and {len(model.functions)} functions.")
    if any(tensor.external_data for graph in graphs(model.graph) for tensor in graph.initializer):
        raise SystemExit("The graph keeps tensors outside its file.")
    without_weights = onnx.ModelProto()
    without_weights.CopyFrom(model)
    for tensor in without_weights.graph.initializer:
        tensor.ClearField("raw_data")
    trace = TRACES.search(without_weights.SerializeToString())
    if trace:
        raise SystemExit(f"The graph carries {trace.group().decode()!r} from the machine that exported it.")


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """As the gateway's runner opens it: CPU, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
