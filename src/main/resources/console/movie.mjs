// What an MP4 says of itself: its tracks, when each of them has something to show, and where every sample stands. Read by
// ranges: the index alone, however large the file is.
import {Problem} from "./api.mjs";
import {boxAt, bytesOf, children, find, text} from "./boxes.mjs";
import {Indexed} from "./indexed.mjs";
import {readSamples} from "./samples.mjs";

const HEAD_BYTES = 64;
const MAX_TOP_BOXES = 64;
const FULL_BOX = 4;
const LOWEST_VP9_LEVEL = 10;
/** Without a sample for so long, somebody was silent or not to be seen. */
export const HOLE_SECONDS = 3;

/**
 * @param file [RemoteFile]
 * @returns {{duration: number, tracks: Track[], source}} times in seconds; null if its index is larger than that
 */
export async function readMovie(file, mostIndexBytes) {
  let at = 0;
  for (let i = 0; i < MAX_TOP_BOXES && at < file.size; i++) {
    const head = viewOf(await file.read(at, at + HEAD_BYTES));
    const found = boxAt(head, 0);
    if (found.type === "moov") {
      if (found.end > mostIndexBytes) return null;
      return {...parse(viewOf(await file.read(at, at + found.end))), source: new Indexed(file)};
    }
    at += found.end;
  }
  throw new Problem("This is no finished MP4.", 0);
}

export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parse(view) {
  const moov = boxAt(view, 0);
  const movieScale = movieTimescale(view, moov);
  const tracks = tracksOf(view, moov, ({table}) => readSamples(view, table)).filter(({samples}) => samples.count > 0);
  for (const track of tracks) {
    const {trak, samples, timescale} = track;
    track.segments = withoutHoles(edits(view, trak, movieScale, timescale, samples), samples, timescale);
    track.until = track.segments.at(-1)?.until ?? 0;
  }
  const duration = tracks.reduce((longest, made) => Math.max(longest, made.until), 0);
  return {duration, tracks};
}

export function movieTimescale(view, moov) {
  const header = find(view, moov, "mvhd");
  return view.getUint32(header.body + (view.getUint8(header.body) === 1 ? 20 : 12));
}

/**
 * The pictures and sounds of a movie.
 *
 * @param samplesOf gives the samples of one of them
 */
export function tracksOf(view, moov, samplesOf) {
  return children(view, moov.body, moov.end)
    .filter((child) => child.type === "trak")
    .map((trak) => track(view, trak, samplesOf))
    .filter((made) => made !== null);
}

/** One elementary stream; null if it is neither picture nor sound. */
function track(view, trak, samplesOf) {
  const handler = find(view, trak, "mdia", "hdlr");
  const kind = {vide: "video", soun: "audio"}[text(view, handler.body + 8, 4)];
  const table = find(view, trak, "mdia", "minf", "stbl");
  if (!kind || !table) return null;
  const tkhd = find(view, trak, "tkhd");
  const mdhd = find(view, trak, "mdia", "mdhd");
  return {
    id: view.getUint32(tkhd.body + (view.getUint8(tkhd.body) === 1 ? 20 : 12)),
    kind,
    trak,
    timescale: view.getUint32(mdhd.body + (view.getUint8(mdhd.body) === 1 ? 20 : 12)),
    samples: samplesOf({kind, table}),
    mime: `${kind}/mp4; codecs="${codecName(view, find(view, table, "stsd"))}"`,
    ...identity(view, trak),
    width: kind === "video" ? view.getUint16(tkhd.end - 8) : 0,
    height: kind === "video" ? view.getUint16(tkhd.end - 4) : 0,
    description: {
      tkhd: bytesOf(view, tkhd),
      mdhd: bytesOf(view, mdhd),
      hdlr: bytesOf(view, handler),
      header: bytesOf(view, find(view, trak, "mdia", "minf", kind === "video" ? "vmhd" : "smhd")),
      dinf: bytesOf(view, find(view, trak, "mdia", "minf", "dinf")),
      stsd: bytesOf(view, find(view, table, "stsd")),
    },
  };
}

/** Whose track it is: the stream's name, and which of its publications. */
function identity(view, trak) {
  const udta = find(view, trak, "udta");
  const said = (type) => {
    const found = udta && find(view, udta, type);
    if (!found) return "";
    return new TextDecoder().decode(bytesOf(view, found).subarray(found.body - found.start)).replace(/\0+$/, "");
  };
  return {name: said("name"), session: said("msid")};
}

/**
 * The edit list (8.6.6): when the track has something to show, and from which of its own times on. A hole is an edit
 * without media.
 */
function edits(view, trak, movieTimescale, timescale, samples) {
  const list = find(view, trak, "edts", "elst");
  const last = samples.duration / timescale;
  const whole = {at: 0, until: last, mediaTicks: 0};
  if (!list) return [whole];
  const wide = view.getUint8(list.body) === 1;
  const segments = [];
  let movieTicks = 0;
  let at = list.body + FULL_BOX + 4;
  for (let i = view.getUint32(list.body + FULL_BOX); i > 0; i--) {
    const ticks = wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
    const mediaTicks = wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (mediaTicks >= 0) {
      const begins = movieTicks / movieTimescale;
      const rest = last - mediaTicks / timescale;
      const length = ticks === 0 ? rest : Math.min(ticks / movieTimescale, rest);
      segments.push({at: begins, until: begins + length, mediaTicks});
    }
    movieTicks += ticks;
    at += wide ? 20 : 12;
  }
  return segments.length > 0 ? segments : [whole];
}

/** A stream that stops for a while has no edit for that, only a sample that lasts. */
function withoutHoles(segments, {count, decode}, timescale) {
  const found = [];
  let sample = 0;
  for (const segment of segments) {
    let {at, mediaTicks} = segment;
    const ends = mediaTicks + (segment.until - at) * timescale;
    for (; sample + 1 < count && decode[sample + 1] < ends; sample++) {
      if (decode[sample + 1] - decode[sample] > HOLE_SECONDS * timescale && decode[sample] >= mediaTicks) {
        const place = (ticks) => at + (ticks - mediaTicks) / timescale;
        found.push({at, until: place(decode[sample] + timescale), mediaTicks});
        at = place(decode[sample + 1]);
        mediaTicks = decode[sample + 1];
      }
    }
    found.push({at, until: segment.until, mediaTicks});
  }
  return found;
}

const hex = (n) => n.toString(16).padStart(2, "0");

/** What a browser is asked about (RFC 6381), from the first sample description. */
export function codecName(view, stsd) {
  const entry = boxAt(view, stsd.body + FULL_BOX + 4);
  const from = entry.body + (/^(mp4a|[oO]pus|alaw|ulaw|ac-3|\.mp3)$/.test(entry.type) ? 28 : 78);
  const inside = (type) => children(view, from, entry.end).find((child) => child.type === type);
  const u8 = (found, at) => view.getUint8(found.body + at);
  switch (entry.type) {
    case "avc1":
    case "avc3": {
      const config = inside("avcC");
      return `${entry.type}.${hex(u8(config, 1))}${hex(u8(config, 2))}${hex(u8(config, 3))}`;
    }
    case "hvc1":
    case "hev1":
      return hevcName(view, entry.type, inside("hvcC"));
    case "vp08":
    case "vp09": {
      const config = inside("vpcC");
      const two = (n) => String(n).padStart(2, "0");
      // Who records does not know the level; Chromium refuses 0.
      return `${entry.type}.${two(u8(config, 4))}.${two(u8(config, 5) || LOWEST_VP9_LEVEL)}.${two(u8(config, 6) >> 4)}`;
    }
    case "av01": {
      const config = inside("av1C");
      const two = (n) => String(n).padStart(2, "0");
      const depth = (u8(config, 2) & 0x40) === 0 ? 8 : (u8(config, 2) & 0x20) === 0 ? 10 : 12;
      return `av01.${u8(config, 1) >> 5}.${two(u8(config, 1) & 31)}${u8(config, 2) >> 7 ? "H" : "M"}.${two(depth)}`;
    }
    case "mp4a":
      return `mp4a.${soundObject(view, inside("esds"))}`;
    case "Opus":
      return "opus";
    default:
      return entry.type;
  }
}

/** Of an `esds` (ISO/IEC 14496-1 7.2.6): which coding it is, and of MPEG-4 which kind. */
function soundObject(view, esds) {
  const DECODER = 0x04;
  const SPECIFIC = 0x05;
  const MPEG4 = 0x40;
  let at = esds.body + FULL_BOX;
  const open = () => {
    const tag = view.getUint8(at++);
    while (view.getUint8(at++) & 0x80);
    return tag;
  };
  open();
  at += 2;
  const flags = view.getUint8(at++);
  // What the descriptor of the stream depends on, its address and its clock; nobody writes them.
  if ((flags & 0xE0) !== 0 || open() !== DECODER) return "40.2";
  const coding = view.getUint8(at);
  at += 13;
  if (coding !== MPEG4 || at >= esds.end || open() !== SPECIFIC) return hex(coding).toUpperCase();
  return `40.${view.getUint8(at) >> 3}`;
}

/** ISO/IEC 14496-15 E.3. */
function hevcName(view, type, config) {
  const first = view.getUint8(config.body + 1);
  let mirrored = 0;
  for (let i = 0, flags = view.getUint32(config.body + 2); i < 32; i++) mirrored = (mirrored * 2) + ((flags >>> i) & 1);
  const constraints = [];
  for (let i = 0; i < 6; i++) constraints.push(view.getUint8(config.body + 6 + i).toString(16).toUpperCase());
  while (constraints.at(-1) === "0") constraints.pop();
  const space = ["", "A", "B", "C"][first >> 6];
  const tier = (first & 0x20) === 0 ? "L" : "H";
  return [type, `${space}${first & 31}`, mirrored.toString(16).toUpperCase(), `${tier}${view.getUint8(config.body + 12)}`, ...constraints].join(".");
}
