// The boxes with which an MP4 describes a track (ISO/IEC 14496-12 8), made for one out of another file.
import {box, words32} from "./boxes.mjs";

const VIDEO_ENTRIES = {
  "V_MPEG4/ISO/AVC": ["avc1", "avcC"],
  "V_MPEGH/ISO/HEVC": ["hvc1", "hvcC"],
  "V_AV1": ["av01", "av1C"],
};
/** ISO/IEC 14496-1 7.2.6.6: of an `esds` which coding it is. */
const AAC = 0x40;
const MP3 = 0x6B;
const AUDIO_STREAM = 0x15;
const LANGUAGE_UND = 0x55C4;

/** Null if there is no such entry for its codec. */
export function describe(kind, timescale, coding) {
  const entry = kind === "video" ? videoEntry(coding) : audioEntry(coding);
  if (entry === null) return null;
  return {
    tkhd: box("tkhd", words32(3, 0, 0, 1, 0, 0, 0, 0, 0, kind === "video" ? 0 : 0x01000000,
      0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000, coding.width << 16, coding.height << 16)),
    mdhd: box("mdhd", words32(0, 0, 0, timescale, 0, LANGUAGE_UND << 16)),
    hdlr: box("hdlr", words32(0, 0), ascii(kind === "video" ? "vide" : "soun"), words32(0, 0, 0), new Uint8Array(1)),
    header: kind === "video" ? box("vmhd", words32(1, 0, 0)) : box("smhd", words32(0, 0)),
    dinf: box("dinf", box("dref", words32(0, 1), box("url ", words32(1)))),
    stsd: box("stsd", words32(0, 1), entry),
  };
}

function videoEntry({codecId, codecPrivate, width, height}) {
  const names = VIDEO_ENTRIES[codecId];
  if (!names || codecPrivate.length === 0) return null;
  return box(names[0],
    words32(0, 1, 0, 0, 0, 0, (width << 16) | height, 0x00480000, 0x00480000, 0),
    words16(1), new Uint8Array(32), words16(0x18, 0xFFFF), box(names[1], codecPrivate));
}

function audioEntry({codecId, codecPrivate, rate, channels}) {
  const coding = {A_AAC: AAC, "A_MPEG/L3": MP3}[codecId];
  if (!coding || (coding === AAC && codecPrivate.length === 0)) return null;
  return box("mp4a",
    words32(0, 1, 0, 0, (channels << 16) | 16, 0, Math.min(rate, 0xFFFF) << 16), esds(coding, codecPrivate));
}

/** ISO/IEC 14496-1 7.2.6: descriptors inside each other, each with its length in a byte. */
function esds(coding, specific) {
  const descriptor = (tag, ...bytes) => [tag, bytes.length, ...bytes];
  const decoder = [coding, AUDIO_STREAM, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  if (coding === AAC) decoder.push(...descriptor(0x05, ...specific));
  return box("esds", words32(0),
    new Uint8Array(descriptor(0x03, 0, 1, 0, ...descriptor(0x04, ...decoder), ...descriptor(0x06, 0x02))));
}

function words16(...numbers) {
  const view = new DataView(new ArrayBuffer(numbers.length * 2));
  numbers.forEach((number, i) => view.setUint16(i * 2, number));
  return new Uint8Array(view.buffer);
}

function ascii(text) {
  return new TextEncoder().encode(text);
}
