// The boxes of an MP4 (ISO/IEC 14496-12 4.2): found in one, and written anew.

const HEADER = 8;
const LARGE_HEADER = 16;
const LARGE = 1;

/** Where a box begins, and where its content does; its end may be behind the data that there is. */
export function boxAt(view, at) {
  const size = view.getUint32(at);
  const type = text(view, at + 4, 4);
  const large = size === LARGE;
  const length = large ? Number(view.getBigUint64(at + HEADER)) : size;
  const body = at + (large ? LARGE_HEADER : HEADER);
  // 0: to the end of the file.
  return {type, start: at, body, end: length === 0 ? Infinity : at + length};
}

/** What is inside, as far as it is whole. */
export function children(view, from, to) {
  const found = [];
  for (let at = from; at + HEADER <= to;) {
    const box = boxAt(view, at);
    if (box.end > to || box.end < box.body) break;
    found.push(box);
    at = box.end;
  }
  return found;
}

/** The first box on a path such as "mdia", "minf", "stbl", or null. */
export function find(view, box, ...path) {
  let found = box;
  for (const type of path) {
    found = children(view, found.body, found.end).find((child) => child.type === type) ?? null;
    if (found === null) return null;
  }
  return found;
}

export function text(view, at, length) {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length));
}

/** A box as it stands. */
export function bytesOf(view, box) {
  return new Uint8Array(view.buffer, view.byteOffset + box.start, box.end - box.start);
}

/** @param parts arrays of bytes */
export function box(type, ...parts) {
  const size = parts.reduce((sum, part) => sum + part.length, HEADER);
  const made = new Uint8Array(size);
  new DataView(made.buffer).setUint32(0, size);
  for (let i = 0; i < 4; i++) made[4 + i] = type.charCodeAt(i);
  let at = HEADER;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

/** Numbers of 32 bits, one after the other. */
export function words32(...numbers) {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((number, i) => view.setUint32(i * 4, number));
  return new Uint8Array(view.buffer);
}
