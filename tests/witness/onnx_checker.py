"""onnx.checker passes MODEL with full_check: types and shapes are inferred too. Nothing is computed."""

import exchange


def judge(model, request):
    import onnx

    onnx.checker.check_model(model, full_check=True)
    return f"onnx {onnx.__version__}", None


exchange.start(judge)
