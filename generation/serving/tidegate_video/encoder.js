// Frames (I420, one after the other on standard input) to H.264 (Annex B on standard output).
// Usage: node encoder.js LIBRARY WIDTH HEIGHT FPS QUANTISER KEY_EVERY
// The library encodes into an MP4 file in its memory; what is asked for here is the stream in it.
"use strict";
const [library, ...numbers] = process.argv.slice(2);
const [width, height, fps, quantiser, keyEvery] = numbers.map(Number);

function fail(error) {
  process.stderr.write(`${error && error.stack ? error.stack : error}\n`);
  process.exit(1);
}
process.on("unhandledRejection", fail);

// Annex B: every unit behind a start code, the parameters first.
function streamOf(file) {
  const start = Buffer.from([0, 0, 0, 1]);
  const found = [];
  const record = file.indexOf("avcC");
  if (record < 0) throw new Error("the library wrote no H.264");
  let at = record + 9;
  for (const mask of [31, 255]) {
    let count = file[at++] & mask;
    while (count-- > 0) {
      const size = file.readUInt16BE(at);
      found.push(start, file.subarray(at + 2, at + 2 + size));
      at += 2 + size;
    }
  }
  for (let box = 0; box + 8 <= file.length; ) {
    const size = file.readUInt32BE(box);
    if (size < 8) throw new Error("the library wrote a box of no length");
    if (file.toString("latin1", box + 4, box + 8) === "mdat") {
      for (let unit = box + 8; unit + 4 <= box + size; ) {
        const length = file.readUInt32BE(unit);
        found.push(start, file.subarray(unit + 4, unit + 4 + length));
        unit += 4 + length;
      }
    }
    box += size;
  }
  return Buffer.concat(found);
}

async function main() {
  const encoder = await require(library).createH264MP4Encoder();
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = fps;
  encoder.quantizationParameter = quantiser;
  encoder.groupOfPictures = keyEvery;
  encoder.speed = 2;
  encoder.initialize();
  const size = (width * height * 3) / 2;
  const frame = Buffer.alloc(size);
  let filled = 0;
  for await (const piece of process.stdin) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.copy(frame, filled, at);
      filled += taken;
      at += taken;
      if (filled === size) {
        encoder.addFrameYuv(frame);
        filled = 0;
      }
    }
  }
  if (filled) throw new Error("the last frame is not whole");
  encoder.finalize();
  const stream = streamOf(Buffer.from(encoder.FS.readFile(encoder.outputFilename)));
  process.stdout.write(stream, () => process.exit(0));
}

main().catch(fail);
