// One track of a file for MediaSource: its samples in fragments of their own, as far ahead as somebody looks.
import {box, words32} from "./boxes.mjs";

const DEFAULT_BASE_IS_MOOF = 0x020000;
/** In a `trun`: where the data begins; then of each sample its duration, size, flags and composition offset. */
const RUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800;
const SYNC = 0x02000000;
const NON_SYNC = 0x01010000;
const TRACK = 1;
const KEPT_SECONDS = 20;

const empty = (type) => box(type, words32(0, 0));

/** `ftyp` and `moov` of a file with this track alone and no sample, 8.8. */
export function initialization(track) {
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

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export class Feed {
  /**
   * @param element plays this track, and nothing else
   * @param onFailed called when the browser gives up on it: a codec, a damaged picture, a sound card that is gone
   */
  constructor(track, element, onFailed) {
    this.onFailed = onFailed;
    this.track = track;
    this.element = element;
    this.next = 0;
    this.sequence = 0;
    this.queue = [];
    this.buffer = null;
    this.failed = false;
  }

  open() {
    if (!MediaSource.isTypeSupported(this.track.mime)) {
      this.fail(`This browser cannot play ${this.track.mime}`);
      return;
    }
    this.element.addEventListener("error", () => this.fail(`The ${this.track.kind === "video" ? "picture" : "sound"} of ${this.track.name} cannot be played here`));
    const source = new MediaSource();
    this.url = URL.createObjectURL(source);
    this.element.src = this.url;
    source.addEventListener("sourceopen", () => {
      source.duration = this.track.until;
      this.buffer = source.addSourceBuffer(this.track.mime);
      this.buffer.addEventListener("updateend", () => this.work());
            this.work();
    }, {once: true});
    this.queue.push({append: initialization(this.track), first: true});
  }

  fail(reason) {
    if (this.failed) return;
    this.failed = true;
    this.onFailed(reason);
  }

  /** Seconds on the recording's clock of a time of the track: what is shown then, or decoded. */
  seconds(ticks) {
    const segment = this.segmentOf(ticks);
    return segment.at + (ticks - segment.mediaTicks) / this.track.timescale;
  }

  segmentOf(ticks) {
    const {segments} = this.track;
    let found = segments[0];
    for (const segment of segments) if (segment.mediaTicks <= ticks) found = segment;
    return found;
  }

  /** When a sample is shown. */
  time(i) {
    const {decode, shown} = this.track.samples;
    return this.seconds(decode[i] + shown[i]);
  }

  /** Goes on at the sample with which what is shown at this time can be decoded. */
  seek(seconds) {
    const {count, sync} = this.track.samples;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) <= seconds) low = middle + 1;
      else high = middle;
    }
    let first = Math.max(0, low - 1);
    while (sync !== null && first > 0 && sync[first] === 0) first--;
    this.next = first;
    this.queue = this.queue.filter((task) => task.first);
    if (this.buffer) this.queue.push({removeFrom: 0, removeTo: Infinity});
    this.work();
  }

  /** The samples from where it stands up to this time, which it counts as given. */
  take(until) {
    const {count} = this.track.samples;
    const first = this.next;
    while (this.next < count && this.time(this.next) < until) this.next++;
    return {first, end: this.next};
  }

  /** @param bytes gives the data of a place in the file */
  give({first, end}, bytes) {
    for (let from = first; from < end;) {
      const segment = this.segmentOf(this.track.samples.decode[from] + this.track.samples.shown[from]);
      let to = from + 1;
      while (to < end && this.segmentOf(this.track.samples.decode[to] + this.track.samples.shown[to]) === segment) to++;
      this.queue.push({append: this.fragment(from, to, segment, bytes)});
      from = to;
    }
    this.work();
  }

  /** `moof` and `mdat` of samples that follow each other, 8.8.4. */
  fragment(from, to, segment, bytes) {
    const {decode, shown, size, offset, sync, duration} = this.track.samples;
    const shift = Math.round(segment.at * this.track.timescale) - segment.mediaTicks;
    const begins = Math.max(0, decode[from] + shift);
    // Nothing is decoded before time 0.
    const late = begins - (decode[from] + shift);
    const run = [];
    const data = [];
    for (let i = from; i < to; i++) {
      const ends = i + 1 < to ? decode[i + 1] : i + 1 < decode.length ? Math.min(decode[i + 1], decode[i] + this.track.timescale) : duration;
      run.push(ends - decode[i], size[i], sync === null || sync[i] ? SYNC : NON_SYNC, (shown[i] - late) >>> 0);
      data.push(bytes(offset[i], size[i]));
    }
    const moof = (dataAt) => box("moof",
      box("mfhd", words32(0, this.sequence)),
      box("traf",
        box("tfhd", words32(DEFAULT_BASE_IS_MOOF, TRACK)),
        box("tfdt", words32(0x01000000, Math.floor(begins / 2 ** 32), begins % 2 ** 32)),
        box("trun", words32(0x01000000 | RUN_FLAGS, to - from, dataAt, ...run))));
    this.sequence++;
    const head = moof(moof(0).length + 8);
    return joined(head, box("mdat", ...data));
  }

  /** The browser takes one thing after the other. */
  work() {
    const {buffer} = this;
    if (!buffer || buffer.updating || this.failed) return;
    const task = this.queue.shift();
    if (!task) return;
    try {
      if (task.append) buffer.appendBuffer(task.append);
      else buffer.remove(task.removeFrom, task.removeTo);
    } catch (error) {
      // Full: what was seen goes first.
      if (error.name !== "QuotaExceededError" || !this.forget()) this.fail(`What comes of ${this.track.name} cannot be taken`);
      else this.queue.unshift(task);
    }
  }

  forget() {
    const seen = this.element.currentTime - KEPT_SECONDS;
    if (seen <= 0 || !this.buffer || this.buffer.updating || this.buffer.buffered.length === 0) return false;
    if (this.buffer.buffered.start(0) >= seen) return false;
    this.buffer.remove(0, seen);
    return true;
  }

  /** Whether what is to be seen at this time has come. */
  has(seconds) {
    const {buffered} = this.element;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) - 0.1 <= seconds && buffered.end(i) > seconds) return true;
    }
    return false;
  }

  /** The time in which the track has something to show, if that is now. */
  presence(seconds) {
    return this.track.segments.find((segment) => segment.at <= seconds && seconds < segment.until) ?? null;
  }

  close() {
    this.failed = true;
    this.element.removeAttribute("src");
    this.element.load();
    if (this.url) URL.revokeObjectURL(this.url);
  }
}
