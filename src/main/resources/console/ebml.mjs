// Elements of EBML (RFC 8794): found in bytes, and written.
import {joined} from "./bytes.mjs";

/** An identifier of four bytes and a size of eight. */
export const MAX_HEADER = 12;

/**
 * The element at a place, or null if its header is not there as a whole. Its end may be behind the data that there is; it is
 * Infinity where its size is unknown.
 */
export function elementAt(view, at) {
  const idLength = at < view.byteLength ? Math.clz32(view.getUint8(at)) - 23 : 0;
  const sizeAt = at + idLength;
  if (idLength < 1 || idLength > 4 || sizeAt >= view.byteLength) return null;
  const size = vint(view, sizeAt);
  if (size === null) return null;
  let id = 0;
  for (let i = at; i < sizeAt; i++) id = id * 256 + view.getUint8(i);
  return {id, start: at, body: size.end, end: size.unknown ? Infinity : size.end + size.value};
}

/** A number that says its own length, 4. */
export function vint(view, at) {
  if (at >= view.byteLength) return null;
  const first = view.getUint8(at);
  const length = Math.clz32(first) - 23;
  if (length > 8 || at + length > view.byteLength) return null;
  let value = first & (0xFF >> length);
  let unknown = value === 0xFF >> length;
  for (let i = 1; i < length; i++) {
    value = value * 256 + view.getUint8(at + i);
    unknown &&= view.getUint8(at + i) === 0xFF;
  }
  return {value, unknown, end: at + length};
}

/** What is inside, as far as it is whole. */
export function* children(view, from, to) {
  for (let at = from; at < to;) {
    const found = elementAt(view, at);
    if (found === null || found.end > to) return;
    yield found;
    at = found.end;
  }
}

export function unsigned(view, {body, end}) {
  let value = 0;
  for (let at = body; at < end; at++) value = value * 256 + view.getUint8(at);
  return value;
}

export function real(view, {body, end}) {
  return end - body === 4 ? view.getFloat32(body) : end - body === 8 ? view.getFloat64(body) : 0;
}

export function contentOf(view, {body, end}) {
  return new Uint8Array(view.buffer, view.byteOffset + body, end - body);
}

export function textOf(view, found) {
  return new TextDecoder().decode(contentOf(view, found)).replace(/\0+$/, "");
}

export function id(name) {
  const bytes = [];
  for (let rest = name; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return new Uint8Array(bytes);
}

/** With its size in eight bytes. */
export function element(name, ...parts) {
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(parts.reduce((sum, part) => sum + part.length, 0)));
  size.setUint8(0, 0x01);
  return joined(id(name), new Uint8Array(size.buffer), ...parts);
}

export function number(name, value) {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value);
  return element(name, new Uint8Array(bytes.buffer));
}

export function decimal(name, value) {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  return element(name, new Uint8Array(bytes.buffer));
}
