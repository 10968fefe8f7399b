// Fragments of MP4 for MediaSource, of one track of a file.
import {box, words32} from "./boxes.mjs";
import {joined} from "./bytes.mjs";
import {HOLE_SECONDS} from "./movie.mjs";

const DEFAULT_BASE_IS_MOOF = 0x020000;
/** In a `trun`: where the data begins; then of each sample its duration, size, flags and composition offset. */
const RUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800;
const SYNC = 0x02000000;
const NON_SYNC = 0x01010000;
const TRACK = 1;

const empty = (type) => box(type, words32(0, 0));

export const fragments = {mime: (track) => (track.description ? track.mime : ""), initialization, piece};

/** `ftyp` and `moov` of a file with this track alone and no sample, 8.8. */
function initialization(track) {
  const {tkhd, mdhd, hdlr, header, dinf, stsd} = track.description;
  const stbl = box("stbl", stsd, empty("stts"), empty("stsc"), box("stsz", words32(0, 0, 0)), empty("stco"));
  const mvhd = box("mvhd", words32(0, 0, 0, track.timescale, 0, 0x00010000, 0x01000000, 0, 0,
    0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000, 0, 0, 0, 0, 0, 0, 2));
  const trak = box("trak", numbered(tkhd), box("mdia", mdhd, hdlr, box("minf", header, dinf, stbl)));
  const mvex = box("mvex", box("trex", words32(0, TRACK, 1, 0, 0, 0)));
  const brands = new TextEncoder().encode("iso6\0\0\0\0iso6mp41");
  return joined(box("ftyp", brands), box("moov", mvhd, trak, mvex));
}

/** The same track header for a file in which the track is the only one. */
function numbered(tkhd) {
  const made = tkhd.slice();
  new DataView(made.buffer).setUint32(made[8] === 1 ? 28 : 20, TRACK);
  return made;
}

/**
 * `moof` and `mdat` of samples that follow each other, 8.8.4.
 *
 * @param shift ticks from the track's time to the recording's
 * @param bytes gives the data of a place in the file
 */
function piece(track, {from, to, shift, sequence}, bytes) {
  const {decode, shown, size, offset, sync, duration} = track.samples;
  const begins = Math.max(0, decode[from] + shift);
  // Nothing is decoded before time 0.
  const late = begins - (decode[from] + shift);
  const run = [];
  const data = [];
  for (let i = from; i < to; i++) {
    const next = i + 1 < decode.length ? decode[i + 1] : duration;
    // What is behind the last one may be a hole.
    const ends = i + 1 < to ? next : Math.min(next, decode[i] + HOLE_SECONDS * track.timescale);
    run.push(ends - decode[i], size[i], sync === null || sync[i] ? SYNC : NON_SYNC, (shown[i] - late) >>> 0);
    data.push(bytes(offset[i], size[i]));
  }
  const moof = (dataAt) => box("moof",
    box("mfhd", words32(0, sequence)),
    box("traf",
      box("tfhd", words32(DEFAULT_BASE_IS_MOOF, TRACK)),
      box("tfdt", words32(0x01000000, Math.floor(begins / 2 ** 32), begins % 2 ** 32)),
      box("trun", words32(0x01000000 | RUN_FLAGS, to - from, dataAt, ...run))));
  const head = moof(moof(0).length + 8);
  return joined(head, box("mdat", ...data));
}
