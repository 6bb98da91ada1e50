"""What the witnesses share: how run.py asks them and how they answer.

A witness is a program with the arguments MODEL and FOLDER. FOLDER/request.json has `input` and `shape`
(name and N, C, H, W of the one input), `inputs` (files of raw floats, one for each run), `tops` (the
values that are wanted) and `outputs` (those that the network ends with). It writes raw floats too,
and FOLDER/answer.json: `about` (words on how it worked) and `results`, for each run a list of
{name, shape, file}. Otherwise the last line on standard error says why, and it ends with FAILED, or
with CANNOT where that is no fault of the model.
"""

import json
import pathlib
import sys

import numpy

FAILED, CANNOT = 1, 77


class Failed(Exception):
    """The model is wrong."""


class Cannot(Exception):
    """The witness is known to be unable to take such a model."""


def testify(judge):
    model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text())
    about, run = judge(model, request)
    results = []
    for k, file in enumerate(request["inputs"]):
        values = []
        for i, (name, array) in enumerate(run(numpy.fromfile(folder / file, "<f4")) if run else ()):
            numpy.ascontiguousarray(array, "<f4").tofile(folder / f"out{k}_{i}.f32")
            values.append({"name": name, "shape": array.shape, "file": f"out{k}_{i}.f32"})
        results.append(values)
    (folder / "answer.json").write_text(json.dumps({"about": about, "results": results}))


def start(judge):
    try:
        testify(judge)
    except (ImportError, Cannot) as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT)
    except Exception as error:  # whatever the library throws is what the witness says
        print(" ".join(str(error).split()), file=sys.stderr)
        sys.exit(FAILED)
