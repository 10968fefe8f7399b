// One track of a file for MediaSource: its samples in pieces of their own, as far ahead as somebody looks.
import {clusters} from "./clusters.mjs";
import {fragments} from "./fragments.mjs";

const KEPT_SECONDS = 20;
/** Times are rounded. */
const BEFORE_SECONDS = 0.002;
/** What a cluster of WebM can hold is 32 s. */
const MAX_PIECE_SECONDS = 20;

export class Feed {
  /**
   * @param element plays this track, and nothing else
   * @param onFailed called with what the browser has given up: for its codec, for damage, for a sound card that is gone
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
    /** What was given that others need to be decoded: when it is shown. */
    this.entries = [];
    /** Whether the picture that was sought could not be had. */
    this.late = false;
  }

  open() {
    const format = [fragments, clusters].find(({mime}) => MediaSource.isTypeSupported(mime(this.track)));
    if (!format) {
      this.fail(` (${this.track.mime})`);
      return;
    }
    this.element.addEventListener("error", () => this.fail(this.reason()));
    const source = new MediaSource();
    this.url = URL.createObjectURL(source);
    this.element.src = this.url;
    source.addEventListener("sourceopen", () => {
      source.duration = this.track.until;
      this.buffer = source.addSourceBuffer(format.mime(this.track));
      this.buffer.addEventListener("updateend", () => this.work());
      this.work();
    }, {once: true});
    this.format = format;
    this.queue.push({append: format.initialization(this.track), first: true});
  }

  /** As the browser words it: nobody else knows. */
  reason() {
    const said = this.element.error?.message;
    return said ? ` (${said})` : "";
  }

  fail(detail = "") {
    if (this.failed) return;
    this.failed = true;
    this.onFailed(`The ${this.track.kind === "video" ? "picture" : "sound"}${detail}`);
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
    this.entries = [];
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

  segmentAt(i) {
    return this.segmentOf(this.track.samples.decode[i] + this.track.samples.shown[i]);
  }

  continues(from, to, segment) {
    const {decode} = this.track.samples;
    return decode[to] - decode[from] < MAX_PIECE_SECONDS * this.track.timescale && this.segmentAt(to) === segment;
  }

  /** @param bytes gives the data of a place in the file */
  give({first, end}, bytes) {
    for (let from = first; from < end;) {
      const segment = this.segmentAt(from);
      let to = from + 1;
      while (to < end && this.continues(from, to, segment)) to++;
      for (let i = from; i < to; i++) if (this.track.samples.sync?.[i]) this.entries.push(this.time(i));
      const shift = Math.round(segment.at * this.track.timescale) - segment.mediaTicks;
      this.queue.push({append: this.format.piece(this.track, {from, to, shift, sequence: this.sequence++}, bytes)});
      from = to;
    }
    this.queue.push({forget: true});
    this.work();
  }

  /** The browser takes one thing after the other. */
  work() {
    const {buffer} = this;
    if (!buffer || buffer.updating || this.failed) return;
    let task = this.queue.shift();
    while (task?.forget && !this.forget()) task = this.queue.shift();
    // What is forgotten takes its time too.
    if (!task || task.forget) return;
    try {
      if (task.append) buffer.appendBuffer(task.append);
      else buffer.remove(task.removeFrom, task.removeTo);
    } catch (error) {
      // Full: what was seen goes first.
      if (error.name !== "QuotaExceededError" || !this.forget()) this.fail();
      else this.queue.unshift(task);
    }
  }

  /** Whether the browser has not taken all yet that it was given. */
  isBusy() {
    return this.queue.length > 0 || this.buffer === null || this.buffer.updating;
  }

  /** The browser drops with a picture what needs it: only what is in front of one that needs none may go. */
  forget() {
    const seen = this.element.currentTime - KEPT_SECONDS;
    if (seen <= 0 || !this.buffer || this.buffer.updating || this.buffer.buffered.length === 0) return false;
    let until = seen;
    if (this.track.kind === "video" && this.track.samples.sync !== null) {
      const entry = this.entries.findLastIndex((time) => time <= seen);
      if (entry < 0) return false;
      this.entries.splice(0, entry);
      until = this.entries[0] - BEFORE_SECONDS;
    }
    if (this.buffer.buffered.start(0) >= until) return false;
    this.buffer.remove(0, until);
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

  /** Whether what is to be seen at this time begins where nobody looked for it. */
  isLate(seconds) {
    return this.late && !this.has(seconds);
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
