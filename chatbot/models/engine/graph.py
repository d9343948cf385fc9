"""A model of Llama's shape as an ONNX graph: ragged rows side by side, each with its keys and values in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnx.onnx_ml_pb2 import TensorProto

_MS = "com.microsoft"
_FLOAT, _INT32, _INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64


@dataclass(frozen=True)
class Shape:
    """What of a model decides its graph.

    Attributes:
        positions: the longest row that it takes.
        epsilon: of the RMS norms.
    """

    layers: int
    heads: int
    key_heads: int
    head_size: int
    vocabulary: int
    positions: int
    epsilon: float


Weights = Mapping[str, np.ndarray[Any, Any]]
"""All fp32: `embed` (vocabulary, width), `head` (width, vocabulary), `cos` and `sin` (positions, half a head); for each
layer N `qkv.N`, `out.N`, `gate.N`, `up.N`, `down.N` as (in, out) and the norms `before.N` and `within.N`; the last norm
is `before.LAYERS`."""


def open_session(shape: Shape, weights: Weights, threads: int) -> onnxruntime.InferenceSession:
    """A session over the weights as they lie in memory; they must not be freed before it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.force_spinning_stop", "1")  # an idle engine takes no processor
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    model = _model(shape, weights).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def cache_names(layers: int) -> list[str]:
    """The caches of a graph, in the order of its inputs: `past_` and `present_` stand before them."""
    return [f"{kind}.{layer}" for layer in range(layers) for kind in ("key", "value")]


def _model(shape: Shape, weights: Weights) -> onnx.ModelProto:
    caches = cache_names(shape.layers)
    row: list[str | int | None] = ["rows", shape.key_heads, "room", shape.head_size]
    inputs: list[tuple[str, int, list[str | int | None]]] = [
        ("ids", _INT64, ["rows", "new"]),
        ("last", _INT32, ["rows"]),
        ("longest", _INT32, []),
    ]
    flat = helper.make_tensor("flat", _INT64, [2], [-1, weights["embed"].shape[1]])
    graph = helper.make_graph(
        list(_nodes(shape)),
        "llama",
        [helper.make_tensor_value_info(*given) for given in inputs]
        + [helper.make_tensor_value_info(f"past_{name}", _FLOAT, row) for name in caches]
        + [helper.make_tensor_value_info("at", _INT64, ["rows"])],
        [helper.make_tensor_value_info("logits", _FLOAT, ["rows", shape.vocabulary])]
        + [helper.make_tensor_value_info(f"present_{name}", _FLOAT, row) for name in caches],
        [flat, *(_elsewhere(name, array.shape) for name, array in weights.items())],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid(_MS, 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9)


def _elsewhere(name: str, dimensions: tuple[int, ...]) -> TensorProto:
    """A weight that the session is given from memory; the file that stands here is never opened."""
    tensor = TensorProto(name=name, data_type=_FLOAT, dims=dimensions, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="memory")
    return tensor


def _nodes(shape: Shape) -> Iterator[onnx.NodeProto]:
    node = helper.make_node
    norm: dict[str, Any] = {"epsilon": shape.epsilon}
    yield node("Gather", ["embed", "ids"], ["sum.0"])
    yield node("SimplifiedLayerNormalization", ["sum.0", "before.0"], ["normed.0"], axis=-1, stash_type=1, **norm)
    for n in range(shape.layers):
        yield node("MatMul", [f"normed.{n}", f"qkv.{n}"], [f"heads.{n}"])
        yield _attention(shape, n)
        yield node("MatMul", [f"mixed.{n}", f"out.{n}"], [f"attended.{n}"])
        yield _added([f"attended.{n}", f"sum.{n}", f"within.{n}"], [f"inner.{n}", "", "", f"half.{n}"], norm)
        yield node("MatMul", [f"inner.{n}", f"gate.{n}"], [f"gates.{n}"])
        yield node("MatMul", [f"inner.{n}", f"up.{n}"], [f"ups.{n}"])
        yield node("Sigmoid", [f"gates.{n}"], [f"open.{n}"])
        yield node("Mul", [f"gates.{n}", f"open.{n}"], [f"silu.{n}"])
        yield node("Mul", [f"silu.{n}", f"ups.{n}"], [f"gated.{n}"])
        yield node("MatMul", [f"gated.{n}", f"down.{n}"], [f"fed.{n}"])
        outputs = [f"normed.{n + 1}", "", "", f"sum.{n + 1}"]
        yield _added([f"fed.{n}", f"half.{n}", f"before.{n + 1}"], outputs, norm)
    yield node("Reshape", [f"normed.{shape.layers}", "flat"], ["every"])
    yield node("Gather", ["every", "at"], ["lasts"])
    yield node("MatMul", ["lasts", "head"], ["logits"])


def _attention(shape: Shape, n: int) -> onnx.NodeProto:
    return helper.make_node(
        "GroupQueryAttention",
        [f"heads.{n}", "", "", f"past_key.{n}", f"past_value.{n}", "last", "longest", "cos", "sin"],
        [f"mixed.{n}", f"present_key.{n}", f"present_value.{n}"],
        domain=_MS,
        num_heads=shape.heads,
        kv_num_heads=shape.key_heads,
        do_rotary=1,
        scale=shape.head_size**-0.5,
    )


def _added(inputs: list[str], outputs: list[str], norm: dict[str, Any]) -> onnx.NodeProto:
    """The sum of the first two inputs, which is the last output, and its norm, which is the first."""
    return helper.make_node("SkipSimplifiedLayerNormalization", inputs, outputs, domain=_MS, **norm)
