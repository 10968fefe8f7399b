// The player of a recording of many: everybody at once, each where and when they were, without mixing.
import {Problem} from "./api.mjs";
import {prepare} from "./dialogs.mjs";
import {byId, element, setText, show} from "./dom.mjs";
import {Ensemble} from "./ensemble.mjs";
import {LIMITS} from "./limits.mjs";
import {readLongMovie} from "./longmovie.mjs";
import {isMatroska, readMatroska} from "./matroska.mjs";
import {readMovie, viewOf} from "./movie.mjs";
import {RemoteFile} from "./remote.mjs";
import * as words from "./words.mjs";

const STEP_SECONDS = 5;
const MAGIC_BYTES = 4;

/** What one stream sent from its joining to its leaving. */
class Participant {
  constructor(name, onLarge) {
    this.name = name;
    this.pictures = [];
    this.sounds = [];
    this.label = element("span", {class: "tile-name"}, name);
    this.heard = element("button", {type: "button", class: "heard", "aria-pressed": "true", onclick: () => this.hear(!this.isHeard())});
    this.large = element("button", {type: "button", class: "enlarge", "aria-pressed": "false", "aria-label": `Show ${name} large`, onclick: () => onLarge(this)});
    this.late = element("span", {class: "tile-late"}, "Its picture begins too far back, and comes later.");
    this.node = element("li", {class: "tile"}, this.large, element("p", {class: "tile-foot"}, this.label, this.late, this.heard));
    this.hear(true);
  }

  add(feed) {
    (feed.track.kind === "video" ? this.pictures : this.sounds).push(feed);
    this.large.before(feed.element);
  }

  isHeard() {
    return this.heard.getAttribute("aria-pressed") === "true";
  }

  hear(yes) {
    this.heard.setAttribute("aria-pressed", String(yes));
    this.heard.setAttribute("aria-label", `Hear ${this.name}`);
    setText(this.heard, yes ? "Sound on" : "Sound off");
    for (const {element: sound} of this.sounds) sound.muted = !yes;
  }

  /** What there is of them at this time. */
  update(seconds) {
    let seen = false;
    let late = false;
    for (const feed of this.pictures) {
      const now = feed.presence(seconds) !== null && !feed.failed;
      const comesLater = now && feed.isLate(seconds);
      show(feed.element, now && !comesLater);
      seen ||= now && !comesLater;
      late ||= comesLater;
    }
    show(this.late, late && !seen);
    const sounds = this.sounds.some((feed) => feed.presence(seconds) !== null);
    this.node.classList.toggle("unseen-tile", !seen);
    show(this.heard, this.sounds.length > 0);
    this.heard.disabled = !sounds;
    const here = seen || late || sounds;
    show(this.node, here);
    return here;
  }
}

/** The time line: a lane for each name, with what was seen and heard of it. */
function lanes(participants, duration, seek) {
  const named = new Map();
  for (const participant of participants) {
    if (!named.has(participant.name)) named.set(participant.name, []);
    named.get(participant.name).push(participant);
  }
  return [...named].map(([name, ones]) => {
    const bar = (feeds, kind) => element("span", {class: `bar ${kind}`},
      ...feeds.flatMap(({track}) => track.segments.map((segment) => span(segment, duration))));
    const track = element("span", {class: "lane-track", onclick: (event) => {
      const {left, width} = event.currentTarget.getBoundingClientRect();
      seek(duration * (event.clientX - left) / width);
    }}, bar(ones.flatMap((one) => one.pictures), "picture"), bar(ones.flatMap((one) => one.sounds), "sound"));
    return element("li", {class: "lane"}, element("span", {class: "lane-name", title: name}, name), track, element("span", {class: "unseen"}, spoken(ones)));
  });
}

function span({at, until}, duration) {
  const made = element("span", {class: "span"});
  made.style.left = `${100 * at / duration}%`;
  made.style.width = `${100 * (until - at) / duration}%`;
  return made;
}

function spoken(participants) {
  const said = [];
  for (const {pictures, sounds} of participants) {
    for (const [what, feeds] of [["seen", pictures], ["heard", sounds]]) {
      for (const {track} of feeds) {
        for (const {at, until} of track.segments) said.push(`${what} from ${words.duration(at * 1000)} to ${words.duration(until * 1000)}`);
      }
    }
  }
  return said.join(", ");
}

class Together {
  constructor({url}, limits) {
    this.file = new RemoteFile(url);
    this.limits = limits;
    this.participants = [];
  }

  async read() {
    if (isMatroska(viewOf(await this.file.read(0, MAGIC_BYTES)))) return readMatroska(this.file, this.limits);
    const read = await readMovie(this.file, this.limits.wholeIndexBytes) ?? await readLongMovie(this.file, this.limits)
      ?? await readMovie(this.file, this.limits.indexBytes);
    if (read === null) throw new Problem("This recording is too long to be played here.", 0);
    return read;
  }

  /** Reads what there is; the people appear with the first piece. */
  async open() {
    const {duration, tracks, source} = await this.read();
    if (this.closed) return;
    this.duration = duration;
    this.ensemble = new Ensemble(source, duration, () => this.update(), (trouble) => problem(`${trouble}.`.replace(/\.\.$/, ".")));
    const sessions = new Map();
    const nameless = {video: 0, audio: 0};
    for (const track of tracks) {
      // Where nobody says whose they are, the first picture goes with the first sound.
      const number = track.name === "" ? ++nameless[track.kind] : 0;
      const key = JSON.stringify([track.name, track.session, number]);
      if (!sessions.has(key)) sessions.set(key, new Participant(track.name || `Stream ${number}`, (one) => this.enlarge(one)));
      const participant = sessions.get(key);
      participant.add(this.ensemble.add(track, mediaElement(track.kind, participant.name), participant.name));
    }
    this.participants = [...sessions.values()];
    byId("together-tiles").replaceChildren(...this.participants.map(({node}) => node));
    byId("together-lanes").replaceChildren(...lanes(this.participants, duration, (seconds) => this.ensemble.seek(seconds)));
    byId("together-seek").max = duration;
    this.ensemble.start();
    this.ensemble.play();
  }

  enlarge(chosen) {
    const already = this.chosen === chosen;
    this.chosen = already ? null : chosen;
    for (const one of this.participants) {
      one.large.setAttribute("aria-pressed", String(one === this.chosen));
      one.node.classList.toggle("large", one === this.chosen);
    }
    byId("together-tiles").classList.toggle("with-large", this.chosen !== null);
  }

  update() {
    const {position, playing, waiting} = this.ensemble;
    const here = this.participants.filter((one) => one.update(position)).length;
    const columns = Math.ceil(Math.sqrt(Math.max(1, here)));
    byId("together-tiles").style.setProperty("--columns", columns);
    byId("together-tiles").classList.toggle("with-large", this.chosen != null && !this.chosen.node.hidden);
    setText(byId("together-play"), playing ? "Pause" : "Play");
    const seek = byId("together-seek");
    if (document.activeElement !== seek || !this.sliding) seek.value = position;
    seek.setAttribute("aria-valuetext", words.spokenDuration(position * 1000));
    setText(byId("together-time"), `${words.duration(position * 1000)} of ${words.duration(this.duration * 1000)}`);
    byId("together-lanes").style.setProperty("--now", `${100 * position / this.duration}%`);
    setText(byId("together-state"), playing && waiting ? "Loading" : here === 0 ? "Nobody is here" : words.counted(here, "participant"));
  }

  close() {
    this.closed = true;
    this.ensemble?.close();
    byId("together-tiles").replaceChildren();
    byId("together-lanes").replaceChildren();
  }
}

function mediaElement(kind, name) {
  const made = element(kind, {playsinline: true, "aria-label": name});
  made.muted = kind === "video";
  return made;
}

function problem(text) {
  setText(byId("together-problem"), text);
  show(byId("together-problem"), text !== "");
}

let open = null;

/** Whether an ordinary player would show only a part of it. */
export function isOfMany(file) {
  return /^(video|audio)\/(mp4|webm|x-matroska)$/.test(file.mediaType) && ["video", "audio"].some((type) => file.tracks.filter((t) => t.type === type).length > 1);
}

/** Shows a finished recording of many. */
export function playTogether(file, limits = LIMITS) {
  setText(byId("together-title"), file.fileName);
  problem("");
  byId("together-download").href = `${file.url}?download=true`;
  byId("together").showModal();
  const player = new Together(file, limits);
  open = player;
  player.open().catch((trouble) => problem(trouble.message));
}

/** Once, when the page begins. */
export function prepareTogether() {
  const dialog = byId("together");
  prepare(dialog);
  dialog.addEventListener("close", () => {
    open?.close();
    open = null;
  });
  const ensemble = () => open?.ensemble;
  const toggle = () => (ensemble()?.playing ? ensemble().pause() : ensemble()?.play());
  byId("together-play").addEventListener("click", toggle);
  const seek = byId("together-seek");
  seek.addEventListener("input", () => {
    if (open) open.sliding = true;
    ensemble()?.seek(Number(seek.value));
  });
  seek.addEventListener("change", () => {
    if (open) open.sliding = false;
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, a")) return;
    const step = {ArrowLeft: -STEP_SECONDS, ArrowRight: STEP_SECONDS}[event.key];
    if (event.key === " ") toggle();
    else if (step) ensemble()?.seek(ensemble().position + step);
    else return;
    event.preventDefault();
  });
}
