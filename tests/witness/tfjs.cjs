// TensorFlow.js runs the graph model in the folder MODEL: on its WebAssembly backend or, where that
// lacks a kernel, on the one in plain JavaScript. Values have the order N, H, W, C.
'use strict';
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const {start} = require('./exchange.cjs');

function reader(folder) {
  return {
    async load() {
      const model = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
      const weightSpecs = [];
      const shards = [];
      for (const group of model.weightsManifest) {
        weightSpecs.push(...group.weights);
        for (const name of group.paths) {
          const bytes = fs.readFileSync(path.join(folder, name));
          shards.push(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
        }
      }
      return {modelTopology: model.modelTopology, format: model.format, signature: model.signature,
              weightSpecs, weightData: shards};
    },
  };
}

function toNHWC(floats, [n, c, h, w]) {
  return tf.tidy(() => tf.tensor4d(floats, [n, c, h, w]).transpose([0, 2, 3, 1]));
}

async function load(backend, model, request) {
  await tf.setBackend(backend);
  const loaded = await tf.loadGraphModel(reader(model));
  const known = new Set(Object.keys(loaded.executor.graph.nodes));
  const names = request.tops.filter((name) => known.has(name));
  return async (floats) => {
    const x = toNHWC(floats, request.shape);
    const tensors = [loaded.execute({[request.input]: x}, names)].flat();
    const values = [];
    for (let i = 0; i < names.length; i++)
      values.push({name: names[i], shape: tensors[i].shape, data: await tensors[i].data()});
    tf.dispose([x, ...tensors]);
    return values;
  };
}

start(async (model, request) => {
  wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')) +
                    '/dist/');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);  // its workers would outlive the work
  const witness = {about: 'WebAssembly'};
  let execute = await load('wasm', model, request);
  witness.run = async (floats) => {
    try {
      return await execute(floats);
    } catch (error) {
      const missing = /Kernel '(\w+)' not registered/.exec(error.message);
      if (!missing || witness.about !== 'WebAssembly')
        throw error;
      witness.about = `JavaScript: WebAssembly has no ${missing[1]}`;
      execute = await load('cpu', model, request);
      return execute(floats);
    }
  };
  return witness;
});
