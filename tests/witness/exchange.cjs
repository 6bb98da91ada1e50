// What the witnesses in JavaScript share: the exchange that exchange.py describes.
'use strict';
const fs = require('fs');
const path = require('path');

function readFloats(file) {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

// `judge(model, request)` gives {about, run(floats)}, and run() a list of {name, shape, data}, whose
// axes have the model's order.
async function testify(judge) {
  const [model, folder] = process.argv.slice(2);
  const request = JSON.parse(fs.readFileSync(path.join(folder, 'request.json'), 'utf8'));
  const witness = await judge(model, request);
  const results = [];
  for (let k = 0; k < request.inputs.length; k++) {
    const values = await witness.run(readFloats(path.join(folder, request.inputs[k])));
    results.push(values.map(({name, shape, data}, i) => {
      const file = `out${k}_${i}.f32`;
      fs.writeFileSync(path.join(folder, file),
                       Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      return {name, shape: Array.from(shape), file};
    }));
  }
  fs.writeFileSync(path.join(folder, 'answer.json'),
                   JSON.stringify({about: witness.about, results}));
}

exports.start = (judge) => testify(judge).catch((error) => {
  console.error(String(error.message || error).replace(/\s*\n\s*/g, ' '));
  process.exitCode = 1;
});
