// Samples of a file that has no index of them, but says where to begin for a time: what lies near the clock is fetched whole,
// all tracks at once, and forgotten when it was played. So a long recording takes no more memory than a short one.

/** Frames may stand so much behind others of their time: each stream is written when its second is complete. */
const SLACK_SECONDS = 2.5;
/** How far in front of a time a picture is looked for with which that can be decoded: twice as far each time. */
const FIRST_BACK_SECONDS = 2;

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
   * @param limits [LIMITS]
   */
  constructor(file, spans, tracks, parse, {requestBytes, backBytes}) {
    this.file = file;
    this.spans = spans;
    this.tracks = tracks;
    this.parse = parse;
    this.requestBytes = requestBytes;
    this.backBytes = backBytes;
    this.next = 0;
    this.held = [];
  }

  /**
   * Goes where this time can be decoded, and fetches up to there. How far back that is the index does not say: it has the
   * keyframes of some of the tracks alone.
   *
   * @returns those tracks whose picture of this time begins too far back for that
   */
  async seek(seconds, signal) {
    if (this.spans.length === 0) return [];
    let first = this.spanAt(seconds - FIRST_BACK_SECONDS);
    this.held = [];
    this.tracks.forEach(({samples}) => samples.clear());
    this.next = first;
    await this.reach(seconds, signal);
    const {from} = this.spans[this.spanAt(seconds)];
    const lowest = this.spans.findIndex((span) => from - span.from <= this.backBytes);
    for (let back = 2 * FIRST_BACK_SECONDS; first > lowest && this.tracks.some((track) => !this.canShow(track, seconds)); back *= 2) {
      const earlier = Math.max(lowest, this.spanAt(seconds - back));
      const pieces = await this.fetch(earlier, first, signal);
      first = earlier;
      this.held.unshift(...pieces);
      this.tracks.forEach(({samples}) => samples.clear());
      this.parseAll(this.held);
    }
    return first === 0 ? [] : this.tracks.filter((track) => !this.canShow(track, seconds));
  }

  /** The last one that begins before this time, as far as one does. */
  spanAt(seconds) {
    return Math.max(0, this.spans.findLastIndex(({at}) => at <= seconds));
  }

  canShow({kind, samples, segments, timescale}, seconds) {
    const here = segments.some(({at, until}) => at <= seconds && seconds < until);
    return kind !== "video" || !here || samples.canShow(seconds * timescale);
  }

  /** Fetches what there is before this time. */
  async reach(until, signal) {
    let end = this.next;
    while (end < this.spans.length && this.spans[end].at <= until + SLACK_SECONDS) end++;
    const pieces = await this.fetch(this.next, end, signal);
    // Not before: what could not be fetched is asked for again.
    this.next = end;
    this.held.push(...pieces);
    this.parseAll(pieces);
  }

  /** The bytes of some spans, in as few requests as may be. */
  async fetch(first, end, signal) {
    const pieces = [];
    for (let i = first; i < end;) {
      const {from} = this.spans[i];
      let {to} = this.spans[i++];
      while (i < end && this.spans[i].to - from <= this.requestBytes) to = this.spans[i++].to;
      pieces.push({from, bytes: await this.file.read(from, to, signal)});
    }
    // Somebody has gone elsewhere meanwhile.
    signal.throwIfAborted();
    return pieces;
  }

  parseAll(pieces) {
    for (const {from, bytes} of pieces) this.parse(bytes, from);
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
