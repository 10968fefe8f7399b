// What a Matroska file says of itself (RFC 9559): its tracks, and where to begin for a time. Read by ranges: its head and its
// cues, however large the file is. When each track is there says the time line beside the recording.
import {Problem} from "./api.mjs";
import {boxAt} from "./boxes.mjs";
import {describe} from "./described.mjs";
import {children, contentOf, elementAt, MAX_HEADER, real, textOf, unsigned, vint} from "./ebml.mjs";
import * as is from "./elements.mjs";
import {codecName, viewOf} from "./movie.mjs";
import {SampleWindow, Spans} from "./spans.mjs";
import {segmentsOf, timeline} from "./timeline.mjs";

const KINDS = {1: "video", 2: "audio"};
const MAX_TOP_ELEMENTS = 256;
const NANOS_PER_SECOND = 1e9;
const USUAL_SCALE = 1_000_000;
const SESSION = "MEDIA_SESSION_ID";
const LACING = 0x06;
const READ = new Set([is.SEEK_HEAD, is.INFO, is.TRACKS, is.TAGS, is.CUES]);

export function isMatroska(view) {
  return view.byteLength >= 4 && view.getUint32(0) === is.EBML;
}

/**
 * As [readMovie].
 *
 * @param limits [LIMITS]
 */
export async function readMatroska(file, limits) {
  const head = await readHead(file, limits.masterBytes);
  const info = fields(head[is.INFO]);
  const scale = info.number(is.TIMESTAMP_SCALE) ?? USUAL_SCALE;
  const duration = (info.real(is.DURATION) ?? 0) * scale / NANOS_PER_SECOND;
  if (!head[is.TRACKS] || !head[is.CUES] || !(duration > 0)) throw new Problem("This is no finished recording.", 0);
  const sessions = head[is.TAGS] ? sessionsOf(head[is.TAGS]) : new Map();
  const said = await timeline(file, duration);
  const tracks = [];
  for (const entry of children(head[is.TRACKS], 0, head[is.TRACKS].byteLength)) {
    const made = entry.id === is.TRACK_ENTRY ? track(head[is.TRACKS], entry, {scale, sessions, said, duration}) : null;
    if (made && made.segments.length > 0) tracks.push(made);
  }
  const numbered = new Map(tracks.map((one) => [one.id, one]));
  const source = new Spans(file, spans(head), tracks, (bytes, from) => parse(viewOf(bytes), from, numbered), limits);
  return {duration, tracks, source};
}

/** The masters in front of the first cluster by their names, and the cues wherever they are. */
async function readHead(file, mostBytes) {
  const head = {};
  const look = async (at) => elementAt(viewOf(await file.read(at, Math.min(file.size, at + MAX_HEADER))), 0);
  const take = async (at, {id, body, end}) => {
    if (end - body > mostBytes) throw new Problem("This recording says too much of itself.", 0);
    head[id] ??= viewOf(await file.read(at + body, at + end));
  };
  const ebml = await look(0);
  const segment = ebml === null ? null : await look(ebml.end);
  if (segment?.id !== is.SEGMENT) throw new Problem("This is no whole recording.", 0);
  head.from = ebml.end + segment.body;
  let at = head.from;
  for (let i = 0; i < MAX_TOP_ELEMENTS && at < file.size; i++) {
    const found = await look(at);
    if (found === null || found.id === is.CLUSTER) break;
    if (READ.has(found.id)) await take(at, found);
    at += found.end;
  }
  head.clustersAt = at;
  if (!head[is.CUES]) {
    const place = cuesPlace(head[is.SEEK_HEAD]);
    const found = place === null ? null : await look(head.from + place);
    if (found?.id === is.CUES) await take(head.from + place, found);
    head.clustersEnd = place === null ? file.size : head.from + place;
  }
  head.clustersEnd ??= file.size;
  return head;
}

function cuesPlace(view) {
  if (!view) return null;
  for (const seek of children(view, 0, view.byteLength)) {
    if (seek.id !== is.SEEK) continue;
    const said = fields(view, seek);
    if (said.number(is.SEEK_ID) === is.CUES) return said.number(is.SEEK_POSITION);
  }
  return null;
}

/** The children of a master by their names: the first of each. */
function fields(view, {body, end} = {body: 0, end: view?.byteLength ?? 0}) {
  const found = new Map();
  if (view) for (const child of children(view, body, end)) if (!found.has(child.id)) found.set(child.id, child);
  const of = (read) => (id) => (found.has(id) ? read(view, found.get(id)) : undefined);
  return {
    number: of(unsigned), real: of(real), text: of(textOf), content: of(contentOf), inside: of((_, child) => fields(view, child)),
  };
}

/** Media sessions by the UID of their track. */
function sessionsOf(view) {
  const sessions = new Map();
  for (const tag of children(view, 0, view.byteLength)) {
    const uid = tag.id === is.TAG ? fields(view, tag).inside(is.TARGETS)?.number(is.TAG_TRACK_UID) : undefined;
    if (uid === undefined) continue;
    for (const simple of children(view, tag.body, tag.end)) {
      const said = simple.id === is.SIMPLE_TAG ? fields(view, simple) : null;
      if (said?.text(is.TAG_NAME) === SESSION) sessions.set(uid, said.text(is.TAG_STRING) ?? "");
    }
  }
  return sessions;
}

function track(view, entry, {scale, sessions, said, duration}) {
  const of = fields(view, entry);
  const kind = KINDS[of.number(is.TRACK_TYPE)];
  if (!kind) return null;
  const [video, audio] = [of.inside(is.VIDEO), of.inside(is.AUDIO)];
  const coding = {
    codecId: of.text(is.CODEC_ID) ?? "",
    codecPrivate: of.content(is.CODEC_PRIVATE) ?? new Uint8Array(),
    width: video?.number(is.PIXEL_WIDTH) ?? 0,
    height: video?.number(is.PIXEL_HEIGHT) ?? 0,
    rate: audio?.real(is.SAMPLING_FREQUENCY) ?? 8000,
    channels: audio?.number(is.CHANNELS) ?? 1,
  };
  const id = of.number(is.TRACK_NUMBER);
  const timescale = Math.round(NANOS_PER_SECOND / scale);
  const segments = segmentsOf(said, id, timescale, duration);
  const description = describe(kind, timescale, coding);
  return {
    id,
    kind,
    timescale,
    coding,
    description,
    segments,
    samples: new SampleWindow(kind === "video"),
    until: segments.at(-1)?.until ?? 0,
    mime: description === null ? coding.codecId : `${kind}/mp4; codecs="${nameOf(description)}"`,
    name: of.text(is.NAME) ?? "",
    session: sessions.get(of.number(is.TRACK_UID)) ?? "",
    width: coding.width,
    height: coding.height,
    // What readers take off the times of its blocks, in whole ticks.
    delay: Math.floor(((of.number(is.CODEC_DELAY) ?? 0) + scale / 2) / scale),
  };
}

function nameOf({stsd}) {
  const view = viewOf(stsd);
  return codecName(view, boxAt(view, 0));
}

/** The clusters from each cue to the next. */
function spans(head) {
  const view = head[is.CUES];
  const scale = fields(head[is.INFO]).number(is.TIMESTAMP_SCALE) ?? USUAL_SCALE;
  const places = new Map([[head.clustersAt, 0]]);
  for (const point of children(view, 0, view.byteLength)) {
    if (point.id !== is.CUE_POINT) continue;
    const said = fields(view, point);
    const place = head.from + said.inside(is.CUE_TRACK_POSITIONS)?.number(is.CUE_CLUSTER_POSITION);
    const at = said.number(is.CUE_TIME) * scale / NANOS_PER_SECOND;
    if (place > head.clustersAt && place < head.clustersEnd && Number.isFinite(at)) places.set(place, at);
  }
  const sorted = [...places].sort((a, b) => a[0] - b[0]);
  let latest = 0;
  return sorted.map(([from, at], i) => {
    latest = Math.max(latest, at);
    return {at: latest, from, to: sorted[i + 1]?.[0] ?? head.clustersEnd};
  });
}

/** Adds the blocks of clusters to their tracks, 10. */
function parse(view, from, tracks) {
  for (const cluster of children(view, 0, view.byteLength)) {
    if (cluster.id !== is.CLUSTER) continue;
    let timestamp = 0;
    for (const child of children(view, cluster.body, cluster.end)) {
      if (child.id === is.TIMESTAMP) timestamp = unsigned(view, child);
      else if (child.id === is.SIMPLE_BLOCK) add(view, child, from, timestamp, tracks, null);
      else if (child.id === is.BLOCK_GROUP) {
        const inside = [...children(view, child.body, child.end)];
        const block = inside.find(({id}) => id === is.BLOCK);
        if (block) add(view, block, from, timestamp, tracks, inside.every(({id}) => id !== is.REFERENCE_BLOCK));
      }
    }
  }
}

function add(view, {body, end}, from, timestamp, tracks, sync) {
  const number = vint(view, body);
  const track = number && tracks.get(number.value);
  if (!track || number.end + 3 > end) return;
  const flags = view.getUint8(number.end + 2);
  // Several frames in one block: nobody who records streams writes that.
  if ((flags & LACING) !== 0) return;
  const time = Math.max(0, timestamp + view.getInt16(number.end) - track.delay);
  const place = number.end + 3;
  track.samples.add(time, from + place, end - place, track.kind === "audio" || (sync ?? (flags & is.KEYFRAME) !== 0));
}
