// Clusters of WebM for MediaSource, of one track of a file: browsers take VP8 in no other way (RFC 9559).
import {joined} from "./bytes.mjs";
import {decimal, element, id, number} from "./ebml.mjs";
import * as is from "./elements.mjs";

const NANOS_PER_MILLI = 1_000_000;
const TRACK = 1;

/** What WebM holds, by what browsers call it. AV1 goes as MP4, which says more of it. */
const CODECS = {vp08: "vp8", V_VP8: "vp8", V_VP9: "vp9", A_OPUS: "opus", A_VORBIS: "vorbis"};
const CODEC_IDS = {vp8: "V_VP8", vp9: "V_VP9", opus: "A_OPUS", vorbis: "A_VORBIS"};

export const clusters = {mime, initialization, piece};

/** Of a track out of Matroska, or of VP8 out of MP4. */
function codec({coding, mime: said}) {
  return coding ? CODECS[coding.codecId] : CODECS[/"(vp08)/.exec(said)?.[1]];
}

function mime(track) {
  const name = codec(track);
  return name ? `${track.kind}/webm; codecs="${name}"` : "";
}

function initialization(track) {
  const text = (said) => new TextEncoder().encode(said);
  const {kind, width, height, coding} = track;
  const parts = [element(is.CODEC_ID, text(CODEC_IDS[codec(track)]))];
  // Without what its decoder drops at the beginning (RFC 7845 5.1): times are those of the recording already.
  if (coding?.codecPrivate?.length > 0) parts.push(element(is.CODEC_PRIVATE, withoutSkip(coding)));
  if (kind === "video") parts.push(element(is.VIDEO, number(is.PIXEL_WIDTH, width), number(is.PIXEL_HEIGHT, height)));
  else parts.push(element(is.AUDIO, decimal(is.SAMPLING_FREQUENCY, coding.rate), number(is.CHANNELS, coding.channels)));
  const entry = element(is.TRACK_ENTRY,
    number(is.TRACK_NUMBER, TRACK), number(is.TRACK_UID, TRACK), number(is.TRACK_TYPE, kind === "video" ? 1 : 2), ...parts);
  return joined(
    element(is.EBML, element(is.DOC_TYPE, text("webm"))),
    id(is.SEGMENT), new Uint8Array([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
    element(is.INFO, number(is.TIMESTAMP_SCALE, NANOS_PER_MILLI)),
    element(is.TRACKS, entry));
}

function withoutSkip({codecId, codecPrivate}) {
  const made = codecPrivate.slice();
  if (codecId === "A_OPUS") made.fill(0, 10, 12);
  return made;
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
    head.setUint8(3, sync === null || sync[i] ? is.KEYFRAME : 0);
    blocks.push(element(is.SIMPLE_BLOCK, new Uint8Array(head.buffer), bytes(offset[i], size[i])));
  }
  return element(is.CLUSTER, number(is.TIMESTAMP, begins), ...blocks);
}
