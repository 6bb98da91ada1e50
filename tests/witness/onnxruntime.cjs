// ONNX Runtime runs MODEL on its CPU provider; values have the order N, C, H, W.
'use strict';
const ort = require('onnxruntime-node');
const {start} = require('./exchange.cjs');

start(async (model, request) => {
  const session = await ort.InferenceSession.create(
      model, {intraOpNumThreads: 2, logSeverityLevel: 3});
  const inputs = session.inputNames;
  if (inputs.length !== 1 || inputs[0] !== request.input)
    throw new Error(`inputs are [${inputs}], expected [${request.input}]`);
  return {
    about: `${session.outputNames.length} values`,
    async run(floats) {
      const input = new ort.Tensor('float32', floats, request.shape);
      const got = await session.run({[request.input]: input});
      return Object.entries(got).map(([name, {dims, data}]) => ({name, shape: dims, data}));
    },
  };
});
