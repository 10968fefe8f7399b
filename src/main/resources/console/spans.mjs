// Samples of a file that has no index of them, but says where to begin for a time: what lies near the clock is fetched whole,
// all tracks at once, and forgotten when it was played. So a long recording takes no more memory than a short one.

/** Frames may stand so much behind others of their time: each stream is written when its second is complete. */
const SLACK_SECONDS = 2.5;
/** How far in front of a time a picture is looked for with which that can be decoded: twice as far each time. */
const FIRST_BACK_SECONDS = 2;
const MAX_BACK_SECONDS = 32;
const MAX_REQUEST_BYTES = 16 << 20;

/** The samples of one track that were fetched last, as [Feed] wants them. */
export class SampleWindow {
  /** @param pictures whether they may come in another order than they are shown */
  constructor(pictures) {
    this.pictures = pictures;
    this.clear();
  }

  clear() {
    this.decode = [];
    this.shown = [];
    this.size = [];
    this.offset = [];
    this.sync = [];
    /** When those since the last keyframe are shown, and which sample that is: below 0 if it is forgotten. */
    this.group = [];
    this.groupAt = 0;
  }

  get count() {
    return this.decode.length;
  }

  /** Where the last one ends, as far as one can tell. */
  get duration() {
    const {decode, count} = this;
    return count < 2 ? (decode[0] ?? 0) : 2 * decode[count - 1] - decode[count - 2];
  }

  add(time, offset, size, sync) {
    // Pictures that nothing was fetched for.
    if (this.pictures && !sync && this.group.length === 0) return;
    if (sync) {
      this.order();
      this.group = [];
      this.groupAt = this.count;
    }
    if (this.pictures) this.group.push(time);
    this.decode.push(time);
    this.shown.push(0);
    this.offset.push(offset);
    this.size.push(size);
    this.sync.push(sync ? 1 : 0);
  }

  /** The file says when pictures are shown. They are decoded in their order, at times as far apart. */
  order() {
    const {group, groupAt} = this;
    const times = [...group].sort((a, b) => a - b);
    for (let i = Math.max(0, -groupAt); i < group.length; i++) {
      this.decode[groupAt + i] = times[i];
      this.shown[groupAt + i] = group[i] - times[i];
    }
  }

  forget(count) {
    for (const values of [this.decode, this.shown, this.size, this.offset, this.sync]) values.splice(0, count);
    this.groupAt -= count;
  }

  /** Whether there is a sample with which this time can be decoded. */
  canShow(ticks) {
    return this.decode.some((decode, i) => this.sync[i] === 1 && decode + this.shown[i] <= ticks);
  }
}

export class Spans {
  /**
   * @param file [RemoteFile]
   * @param spans parts of the file with the time from which on they are, one behind the other
   * @param tracks with a [SampleWindow] each
   * @param parse adds the samples of bytes to the tracks; gets where they stand
   */
  constructor(file, spans, tracks, parse) {
    this.file = file;
    this.spans = spans;
    this.tracks = tracks;
    this.parse = parse;
    this.next = 0;
    this.held = [];
  }

  /** Goes where this time can be decoded, and fetches up to there. */
  async seek(seconds, signal) {
    for (let back = FIRST_BACK_SECONDS; ; back *= 2) {
      this.tracks.forEach(({samples}) => samples.clear());
      this.held = [];
      this.next = Math.max(0, this.spans.findLastIndex(({at}) => at <= seconds - back));
      const first = this.next;
      await this.reach(seconds, signal);
      if (signal.aborted) return;
      if (first === 0 || back >= MAX_BACK_SECONDS || this.tracks.every((track) => this.canShow(track, seconds))) return;
    }
  }

  canShow({kind, samples, segments, timescale}, seconds) {
    const here = segments.some(({at, until}) => at <= seconds && seconds < until);
    return kind !== "video" || !here || samples.canShow(seconds * timescale);
  }

  /** Fetches what there is before this time. */
  async reach(until, signal) {
    while (this.next < this.spans.length && this.spans[this.next].at <= until + SLACK_SECONDS) {
      const {from} = this.spans[this.next];
      let {to} = this.spans[this.next];
      let next = this.next + 1;
      while (next < this.spans.length && this.spans[next].at <= until + SLACK_SECONDS
          && this.spans[next].to - from <= MAX_REQUEST_BYTES) {
        to = this.spans[next++].to;
      }
      const bytes = await this.file.read(from, to, signal);
      if (signal.aborted) return;
      // Not before: what could not be fetched is asked for again.
      this.next = next;
      this.held.push({from, bytes});
      this.parse(bytes, from);
    }
    this.tracks.forEach(({samples}) => samples.order());
  }

  /** As of [Indexed]. */
  async read() {
    return (at, size) => {
      const {from, bytes} = this.held.findLast((one) => one.from <= at);
      return bytes.subarray(at - from, at - from + size);
    };
  }

  /** What these have played is not needed any more, nor what those want that have failed. */
  forget(feeds) {
    let first = Infinity;
    for (const feed of feeds) {
      const {samples} = feed.track;
      const count = feed.failed ? samples.count : feed.next;
      samples.forget(count);
      feed.next -= count;
      for (const offset of samples.offset) first = Math.min(first, offset);
    }
    this.held = this.held.filter(({from, bytes}) => from + bytes.length > first);
  }
}
