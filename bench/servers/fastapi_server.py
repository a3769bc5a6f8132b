"""The other baseline: FastAPI on uvicorn, one worker, the session in the process on one thread, and nothing around it."""

import base64
import socket
import sys

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, __version__
from fastapi.responses import JSONResponse
from pydantic import BaseModel


class SentTensor(BaseModel):
    dtype: str
    shape: list[int]
    data: str


class Input(BaseModel):
    tensor: SentTensor


class InferInput(BaseModel):
    model: str
    inputs: list[Input]


class Variables(BaseModel):
    input: InferInput


class Request(BaseModel):
    query: str
    variables: Variables


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
app = FastAPI()


# The work is too short for a thread pool: in the event loop it is the fastest that FastAPI can do it.
@app.post("/graphql")
async def infer(request: Request):
    inputs = request.variables.input.inputs
    grey = numpy.frombuffer(b"".join(base64.b64decode(one.tensor.data) for one in inputs), dtype=numpy.uint8)
    pixels = grey.reshape(len(inputs), 784).astype(numpy.float32) / numpy.float32(255)
    [scores] = session.run(["probabilities"], {"pixels": pixels})
    best = scores.argmax(axis=1)
    outputs = [{"label": str(label), "score": float(row[label])} for label, row in zip(best, scores)]
    return JSONResponse({"data": {"infer": {"outputs": outputs}}})


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
config = uvicorn.Config(app, log_level="error", access_log=False)
config.load()
parts = [config.get_loop_factory().__module__.split(".")[0], config.http_protocol_class.__name__]
versions = f"fastapi {__version__}, uvicorn {uvicorn.__version__}, {', '.join(parts)}, onnxruntime {onnxruntime.__version__}"
print(f"serving on port {listener.getsockname()[1]}; {versions}.", flush=True)
uvicorn.Server(config).run(sockets=[listener])
