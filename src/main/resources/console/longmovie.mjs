// An MP4 whose index is too large for a page: hours of many. Those of the server's own keep their fragments inside, and a
// playlist says where they stand (ISO/IEC 14496-12 8.8; RFC 8216 4.3.2.2): near the clock each says what is in it.
import {Problem} from "./api.mjs";
import {children, find} from "./boxes.mjs";
import {movieTimescale, tracksOf, viewOf} from "./movie.mjs";
import {RemoteFile} from "./remote.mjs";
import {SampleWindow, Spans} from "./spans.mjs";
import {segmentsOf, timeline} from "./timeline.mjs";

const FULL_BOX = 4;
const NOT_SYNC = 0x10000;

/**
 * As [readMovie]; null if the server has no playlist of it.
 *
 * @param limits [LIMITS]
 */
export async function readLongMovie(file, limits) {
  const listed = await file.text(".m3u8");
  if (listed === null) return null;
  const {uri, initBytes, spans, duration} = playlist(listed);
  const media = new RemoteFile(new URL(uri, new URL(file.url, location.href)).href);
  const view = viewOf(await media.read(0, initBytes));
  const moov = children(view, 0, view.byteLength).find(({type}) => type === "moov");
  if (!moov) throw new Problem("This is no recording of this server.", 0);
  const said = await timeline(file, duration);
  const defaults = trackDefaults(view, moov);
  const timescale = movieTimescale(view, moov);
  const tracks = tracksOf(view, moov, ({kind}) => new SampleWindow(kind === "video"));
  for (const track of tracks) {
    track.defaults = defaults.get(track.id);
    track.shift = Math.round(shiftSeconds(view, track.trak, timescale, track.timescale) * track.timescale);
    track.segments = segmentsOf(said, track.id, track.timescale, duration);
    track.until = track.segments.at(-1)?.until ?? 0;
  }
  const shown = tracks.filter(({segments}) => segments.length > 0);
  const numbered = new Map(shown.map((track) => [track.id, track]));
  const source = new Spans(media, spans, shown, (bytes, from) => parse(viewOf(bytes), from, numbered), limits);
  return {duration, tracks: shown, source};
}

function playlist(text) {
  const found = {uri: "", initBytes: 0, spans: [], duration: 0};
  let seconds = 0;
  for (const line of text.split("\n")) {
    const map = /^#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@0"/.exec(line);
    const length = /^#EXTINF:([\d.]+)/.exec(line);
    const range = /^#EXT-X-BYTERANGE:(\d+)@(\d+)/.exec(line);
    if (map) [found.uri, found.initBytes] = [map[1], Number(map[2])];
    else if (length) seconds = Number(length[1]);
    else if (range) {
      found.spans.push({at: found.duration, from: Number(range[2]), to: Number(range[2]) + Number(range[1])});
      found.duration += seconds;
    }
  }
  return found;
}

/** From a track's own time to that of the recording, 8.6.6. */
function shiftSeconds(view, trak, movieTimescale, timescale) {
  const list = find(view, trak, "edts", "elst");
  if (!list) return 0;
  const wide = view.getUint8(list.body) === 1;
  let waited = 0;
  let at = list.body + FULL_BOX + 4;
  for (let i = view.getUint32(list.body + FULL_BOX); i > 0; i--, at += wide ? 20 : 12) {
    const media = wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (media >= 0) return waited / movieTimescale - media / timescale;
    waited += wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
  }
  return 0;
}

/** `trex`, 8.8.3: what samples are of which nothing else is said. */
function trackDefaults(view, moov) {
  const mvex = find(view, moov, "mvex");
  const found = new Map();
  if (!mvex) return found;
  for (const {type, body} of children(view, mvex.body, mvex.end)) {
    if (type !== "trex") continue;
    const word = (i) => view.getUint32(body + FULL_BOX + 4 * i);
    found.set(word(0), {duration: word(2), size: word(3), flags: word(4)});
  }
  return found;
}

/** Adds the samples of fragments to their tracks. */
function parse(view, from, tracks) {
  for (const moof of children(view, 0, view.byteLength)) {
    if (moof.type !== "moof") continue;
    for (const traf of children(view, moof.body, moof.end)) {
      if (traf.type === "traf") fragment(view, from, moof.start, traf, tracks);
    }
  }
}

/** 8.8.6 to 8.8.12, as this server writes it: places are counted from the `moof`. */
function fragment(view, from, moofAt, traf, tracks) {
  const tfhd = find(view, traf, "tfhd");
  const track = tracks.get(view.getUint32(tfhd.body + FULL_BOX));
  const tfdt = find(view, traf, "tfdt");
  if (!track || !tfdt) return;
  const usual = {...track.defaults, ...told(view, tfhd)};
  let time = view.getUint8(tfdt.body) === 1 ? Number(view.getBigUint64(tfdt.body + FULL_BOX)) : view.getUint32(tfdt.body + FULL_BOX);
  for (const trun of children(view, traf.body, traf.end)) {
    if (trun.type !== "trun") continue;
    const flags = view.getUint32(trun.body) & 0xFFFFFF;
    let at = trun.body + FULL_BOX + 4;
    const word = (there, otherwise) => {
      if (!there) return otherwise;
      at += 4;
      return view.getUint32(at - 4);
    };
    const count = view.getUint32(trun.body + FULL_BOX);
    let place = from + moofAt + (word(flags & 0x1, 0) | 0);
    const first = word(flags & 0x4, null);
    for (let i = 0; i < count; i++) {
      const duration = word(flags & 0x100, usual.duration);
      const size = word(flags & 0x200, usual.size);
      const said = word(flags & 0x400, i === 0 && first !== null ? first : usual.flags);
      const offset = word(flags & 0x800, 0) | 0;
      const sync = track.kind === "audio" || (said & NOT_SYNC) === 0;
      track.samples.add(Math.max(0, time + offset + track.shift), place, size, sync);
      time += duration;
      place += size;
    }
  }
}

/** What a `tfhd` says beside the track's number, 8.8.7. */
function told(view, tfhd) {
  const flags = view.getUint32(tfhd.body) & 0xFFFFFF;
  const usual = {};
  let at = tfhd.body + FULL_BOX + 4 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
  for (const [bit, name] of [[0x8, "duration"], [0x10, "size"], [0x20, "flags"]]) {
    if ((flags & bit) === 0) continue;
    usual[name] = view.getUint32(at);
    at += 4;
  }
  return usual;
}
