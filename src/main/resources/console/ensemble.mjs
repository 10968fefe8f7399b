// Many elements that play as one: a clock of its own, which every one of them follows. A browser plays one picture of a
// file, so each track has an element.
import {Feed} from "./feed.mjs";

const TICK_MILLIS = 40;
/** So much is fetched at once, and so much is to be there ahead of what is shown. */
const PIECE_SECONDS = 3;
const AHEAD_SECONDS = 9;
/** Closer than this counts as together; a difference is made up for from the second on, until the first is reached. */
const TOGETHER_SECONDS = 0.01;
const APART_SECONDS = 0.025;
/** Further apart than this, an element jumps; less is made up for by playing a little faster or slower. */
const JUMP_SECONDS = 0.25;
const MAX_RATE = 0.08;
/** How soon a difference is made up for. */
const CATCH_UP_SECONDS = 0.8;
/** An element that comes soon is put where it will begin. */
const PREPARE_SECONDS = 1.5;
const EDGE_SECONDS = 0.1;

export class Ensemble {
  /**
   * @param source where the samples of the tracks are: [Indexed] or [Spans]
   * @param onChange called when the clock has moved or the state has changed
   * @param onTrouble called with what went wrong, in words; the others play on
   */
  constructor(source, duration, onChange, onTrouble) {
    this.onTrouble = onTrouble;
    this.source = source;
    this.duration = duration;
    this.onChange = onChange;
    this.feeds = [];
    this.playing = false;
    this.waiting = true;
    this.position = 0;
    this.filledUntil = 0;
    this.round = new AbortController();
    this.filling = false;
  }

  /** @param name whose track it is */
  add(track, element, name) {
    const feed = new Feed(track, element, (what) => this.onTrouble(`${what} of ${name} cannot be played here`));
    this.feeds.push(feed);
    feed.open();
    return feed;
  }

  start() {
    this.lastTick = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MILLIS);
    this.seek(0);
  }

  seek(seconds) {
    this.position = Math.min(Math.max(0, seconds), this.duration);
    this.round.abort();
    this.round = new AbortController();
    this.filledUntil = this.position;
    for (const feed of this.feeds) feed.element.pause();
    this.sought = true;
    this.filling = false;
    this.fill();
    this.tick();
  }

  play() {
    if (this.position >= this.duration - EDGE_SECONDS) this.seek(0);
    this.playing = true;
    this.tick();
  }

  pause() {
    this.playing = false;
    this.tick();
  }

  /** Fetches the next piece of all tracks, in as few requests as they lie together. */
  async fill() {
    if (this.filling || this.filledUntil >= this.duration || this.filledUntil > this.position + AHEAD_SECONDS) return;
    this.filling = true;
    const {signal} = this.round;
    const until = this.filledUntil + PIECE_SECONDS;
    const last = until >= this.duration;
    try {
      if (this.sought) await this.goTo(this.position, signal);
      await this.source.reach(last ? Infinity : until, signal);
      if (signal.aborted) return;
      const pieces = this.feeds.filter((feed) => !feed.failed).map((feed) => ({feed, part: feed.take(last ? Infinity : until)}));
      const bytes = await this.source.read(pieces, signal);
      if (signal.aborted) return;
      for (const {feed, part} of pieces) feed.give(part, bytes);
      this.source.forget(this.feeds);
      this.filledUntil = last ? this.duration : until;
      this.filling = false;
      this.fill();
    } catch (error) {
      if (signal.aborted) return;
      this.onTrouble(error.message);
      this.pause();
    }
  }

  async goTo(seconds, signal) {
    const late = await this.source.seek(seconds, signal);
    if (signal.aborted) return;
    this.sought = false;
    for (const feed of this.feeds) feed.late = late.includes(feed.track);
    for (const feed of this.feeds) feed.seek(seconds);
  }

  tick() {
    const now = performance.now();
    const passed = (now - this.lastTick) / 1000;
    this.lastTick = now;
    this.waiting = this.isWaiting();
    if (this.playing && !this.waiting) {
      this.position = Math.min(this.duration, this.position + passed);
      if (this.position >= this.duration) this.playing = false;
    }
    for (const feed of this.feeds) this.follow(feed, this.playing && !this.waiting, now);
    this.fill();
    this.onChange();
  }

  /** Nobody goes on while somebody who is to be seen has not come. */
  isWaiting() {
    if (this.filledUntil < Math.min(this.duration, this.position + EDGE_SECONDS)) return true;
    return this.feeds.some((feed) => {
      const presence = feed.failed ? null : feed.presence(this.position);
      // What was given and is not there is a picture that nobody sent.
      return presence !== null && feed.isBusy() && !feed.has(this.position + 0.02);
    });
  }

  follow(feed, going, now) {
    const {element} = feed;
    if (feed.failed) return;
    if (feed.presence(this.position) === null) {
      if (!element.paused) element.pause();
      this.prepare(feed);
      return;
    }
    const behind = this.position - element.currentTime;
    if (!going) {
      if (!element.paused) element.pause();
      if (Math.abs(behind) > TOGETHER_SECONDS && !element.seeking && feed.has(this.position)) element.currentTime = this.position;
      return;
    }
    if (Math.abs(behind) > JUMP_SECONDS && !element.seeking && now > (feed.mayJumpAt ?? 0) && feed.has(this.position)) {
      element.currentTime = this.position;
      feed.mayJumpAt = now + 1000;
    }
    if (element.paused) element.play().catch(() => {});
    feed.catchesUp = Math.abs(behind) > (feed.catchesUp ? TOGETHER_SECONDS : APART_SECONDS);
    const change = Math.max(-MAX_RATE, Math.min(MAX_RATE, behind / CATCH_UP_SECONDS));
    const rate = feed.catchesUp ? 1 + Math.round(change * 100) / 100 : 1;
    if (element.playbackRate !== rate) element.playbackRate = rate;
  }

  prepare(feed) {
    const coming = feed.track.segments.find(({at}) => at > this.position && at - this.position < PREPARE_SECONDS);
    if (coming && !feed.element.seeking && feed.has(coming.at + 0.02)
        && Math.abs(feed.element.currentTime - coming.at) > TOGETHER_SECONDS) {
      feed.element.currentTime = coming.at;
    }
  }

  close() {
    clearInterval(this.timer);
    this.round.abort();
    for (const feed of this.feeds) feed.close();
  }
}
