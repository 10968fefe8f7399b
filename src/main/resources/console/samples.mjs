// The sample table of a track (ISO/IEC 14496-12 8.6 and 8.7), as arrays of numbers: an hour of pictures is 3 MB.
import {find} from "./boxes.mjs";

const FULL_BOX = 4;
const COUNT = 4;

/** Times in the track's ticks. */
export function readSamples(view, table) {
  const sizes = find(view, table, "stsz");
  const common = view.getUint32(sizes.body + FULL_BOX);
  const count = view.getUint32(sizes.body + FULL_BOX + 4);
  const size = new Uint32Array(count);
  for (let i = 0; i < count; i++) size[i] = common || view.getUint32(sizes.body + FULL_BOX + 8 + i * 4);
  const {decode, duration} = decodeTimes(view, find(view, table, "stts"), count);
  return {
    count,
    size,
    decode,
    duration,
    shown: compositionOffsets(view, find(view, table, "ctts"), count),
    offset: offsets(view, table, size),
    sync: syncSamples(view, find(view, table, "stss"), count),
  };
}

function decodeTimes(view, table, count) {
  const decode = new Float64Array(count);
  let ticks = 0;
  runs(view, table, count, (i, delta) => {
    decode[i] = ticks;
    ticks += delta;
  });
  return {decode, duration: ticks};
}

function compositionOffsets(view, table, count) {
  const shown = new Int32Array(count);
  // Version 0 has them unsigned, but nobody has any of 2^31.
  if (table) runs(view, table, count, (i, offset) => { shown[i] = offset | 0; });
  return shown;
}

/** Pairs of a count and a value. */
function runs(view, table, count, take) {
  let at = table.body + FULL_BOX + COUNT;
  let sample = 0;
  for (let entry = view.getUint32(table.body + FULL_BOX); entry > 0; entry--, at += 8) {
    const value = view.getUint32(at + 4);
    for (let i = view.getUint32(at); i > 0 && sample < count; i--) take(sample++, value);
  }
}

function offsets(view, table, size) {
  const wide = find(view, table, "co64");
  const chunks = wide ?? find(view, table, "stco");
  const chunkOffset = (chunk) => wide
    ? Number(view.getBigUint64(chunks.body + FULL_BOX + COUNT + chunk * 8))
    : view.getUint32(chunks.body + FULL_BOX + COUNT + chunk * 4);
  const chunkCount = view.getUint32(chunks.body + FULL_BOX);
  const map = find(view, table, "stsc");
  const entries = view.getUint32(map.body + FULL_BOX);
  const entryAt = (entry) => map.body + FULL_BOX + COUNT + entry * 12;
  const offset = new Float64Array(size.length);
  let sample = 0;
  for (let entry = 0; entry < entries; entry++) {
    const until = entry + 1 < entries ? view.getUint32(entryAt(entry + 1)) - 1 : chunkCount;
    const perChunk = view.getUint32(entryAt(entry) + 4);
    for (let chunk = view.getUint32(entryAt(entry)) - 1; chunk < until; chunk++) {
      let at = chunkOffset(chunk);
      for (let i = 0; i < perChunk && sample < size.length; i++, sample++) {
        offset[sample] = at;
        at += size[sample];
      }
    }
  }
  return offset;
}

/** One for each sample with which decoding can begin; null if that are all of them. */
function syncSamples(view, table, count) {
  if (!table) return null;
  const sync = new Uint8Array(count);
  for (let i = view.getUint32(table.body + FULL_BOX); i > 0; i--) {
    sync[view.getUint32(table.body + FULL_BOX + COUNT + (i - 1) * 4) - 1] = 1;
  }
  return sync;
}
