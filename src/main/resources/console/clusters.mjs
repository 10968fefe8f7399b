// Clusters of WebM for MediaSource, of one track of a file: browsers take VP8 in no other way (RFC 9559).
import {joined} from "./bytes.mjs";

const EBML = 0x1A45DFA3;
const DOC_TYPE = 0x4282;
const SEGMENT = 0x18538067;
const INFO = 0x1549A966;
const TIMESTAMP_SCALE = 0x2AD7B1;
const TRACKS = 0x1654AE6B;
const TRACK_ENTRY = 0xAE;
const TRACK_NUMBER = 0xD7;
const TRACK_UID = 0x73C5;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const VIDEO = 0xE0;
const PIXEL_WIDTH = 0xB0;
const PIXEL_HEIGHT = 0xBA;
const CLUSTER = 0x1F43B675;
const TIMESTAMP = 0xE7;
const SIMPLE_BLOCK = 0xA3;

const NANOS_PER_MILLI = 1_000_000;
const KEYFRAME = 0x80;
const TRACK = 1;

export const clusters = {
  mime: (track) => (/"vp08/.test(track.mime) ? 'video/webm; codecs="vp8"' : ""),
  initialization,
  piece,
};

function initialization({width, height}) {
  const text = (said) => new TextEncoder().encode(said);
  const video = element(VIDEO, number(PIXEL_WIDTH, width), number(PIXEL_HEIGHT, height));
  const entry = element(TRACK_ENTRY,
    number(TRACK_NUMBER, TRACK), number(TRACK_UID, TRACK), number(TRACK_TYPE, 1), element(CODEC_ID, text("V_VP8")), video);
  return joined(
    element(EBML, element(DOC_TYPE, text("webm"))),
    id(SEGMENT), new Uint8Array([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
    element(INFO, number(TIMESTAMP_SCALE, NANOS_PER_MILLI)),
    element(TRACKS, entry));
}

/** As of [fragments]. */
function piece(track, {from, to, shift}, bytes) {
  const {decode, shown, size, offset, sync} = track.samples;
  const millis = (i) => Math.max(0, Math.round(1000 * (decode[i] + shown[i] + shift) / track.timescale));
  const begins = millis(from);
  const blocks = [];
  for (let i = from; i < to; i++) {
    const head = new DataView(new ArrayBuffer(4));
    head.setUint8(0, 0x80 | TRACK);
    head.setInt16(1, millis(i) - begins);
    head.setUint8(3, sync === null || sync[i] ? KEYFRAME : 0);
    blocks.push(element(SIMPLE_BLOCK, new Uint8Array(head.buffer), bytes(offset[i], size[i])));
  }
  return element(CLUSTER, number(TIMESTAMP, begins), ...blocks);
}

function id(name) {
  const bytes = [];
  for (let rest = name; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return new Uint8Array(bytes);
}

/** With its size in eight bytes. */
function element(name, ...parts) {
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(parts.reduce((sum, part) => sum + part.length, 0)));
  size.setUint8(0, 0x01);
  return joined(id(name), new Uint8Array(size.buffer), ...parts);
}

function number(name, value) {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value);
  return element(name, new Uint8Array(bytes.buffer));
}
