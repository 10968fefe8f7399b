// Recordings: those that grow, and the finished files with their player.
import {api} from "./api.mjs";
import {copy, prepare, toast} from "./dialogs.mjs";
import {byId, element, KeyedList, setText, show} from "./dom.mjs";
import * as words from "./words.mjs";

const PAGE = 30;
const SEARCH_FROM = 8;
const LINK_SECONDS = 7 * 86_400;

function isVideo(file) {
  return file.tracks.length > 0 ? file.tracks.some((t) => t.type === "video") : file.mediaType.startsWith("video/");
}

function describe(file) {
  const tracks = file.tracks.map((t) => t.type === "video"
    ? words.videoTrack(t.codec, t.width, t.height)
    : words.audioTrack(t.codec, t.sampleRate, t.channels));
  return tracks.length > 0 ? tracks.join(" · ") : file.mediaType;
}

function knownDuration(file) {
  return file.durationMillis >= 0 ? words.duration(file.durationMillis) : "–";
}

async function copyLink(file) {
  try {
    const link = await api.signedLink(file.fileName, LINK_SECONDS);
    await copy(new URL(link.url, location.href).href, "Link copied. Whoever has it can open this recording for 7 days.");
  } catch (problem) {
    toast(problem.message);
  }
}

/** Shows a finished recording; the element is made anew each time, so that nothing plays on behind a closed dialog. */
export function play(file) {
  const dialog = byId("player");
  setText(byId("player-title"), file.fileName);
  setText(byId("player-facts"), [knownDuration(file), words.size(file.size), describe(file)].join(" · "));
  const problem = byId("player-problem");
  show(problem, false);
  const media = element(isVideo(file) ? "video" : "audio", {
    src: file.url, controls: true, autoplay: true, playsinline: true, preload: "metadata",
    "aria-label": file.fileName,
  });
  media.addEventListener("error", () => {
    setText(problem, "This browser cannot play the file. Download it and open it in a player such as VLC.");
    show(problem, true);
  });
  byId("player-stage").replaceChildren(media);
  byId("player-link").onclick = () => copyLink(file);
  byId("player-download").href = `${file.url}?download=true`;
  dialog.showModal();
  media.focus();
}

class FileRow {
  constructor(file) {
    this.title = element("h3", {class: "name", id: `r-${crypto.getRandomValues(new Uint32Array(2)).join("")}`});
    this.media = element("p", {class: "media"});
    this.duration = element("dd");
    this.size = element("dd");
    this.date = element("dd");
    const facts = [["Duration", this.duration], ["Size", this.size], ["Recorded", this.date]]
      .map(([label, value]) => element("div", {}, element("dt", {}, label), value));
    const described = {"aria-describedby": this.title.id};
    this.play = element("button", {type: "button", class: "button", onclick: () => play(this.file), ...described}, "Play");
    this.download = element("a", {class: "button quiet", download: true, ...described}, "Download");
    this.link = element("button", {type: "button", class: "button quiet", onclick: () => copyLink(this.file), ...described}, "Copy link");
    this.node = element("li", {class: "row file"},
      element("div", {class: "what"}, this.title, this.media),
      element("dl", {class: "facts"}, ...facts),
      element("div", {class: "actions"}, this.play, this.download, this.link));
    this.update(file);
  }

  update(file) {
    this.file = file;
    setText(this.title, file.fileName);
    setText(this.media, describe(file));
    setText(this.duration, knownDuration(file));
    setText(this.size, words.size(file.size));
    setText(this.date, words.when(file.modifiedMillis));
    const href = `${file.url}?download=true`;
    if (this.download.getAttribute("href") !== href) this.download.href = href;
  }
}

class ActiveRow {
  constructor() {
    this.title = element("h3", {class: "name"});
    this.state = element("span", {class: "badge"}, element("span", {class: "dot", "aria-hidden": "true"}), "");
    this.media = element("p", {class: "media"});
    this.duration = element("dd");
    this.size = element("dd");
    const facts = [["Duration", this.duration], ["Size", this.size]]
      .map(([label, value]) => element("div", {}, element("dt", {}, label), value));
    this.node = element("li", {class: "row file growing"},
      element("div", {class: "what"}, element("div", {class: "name-line"}, this.title, this.state), this.media),
      element("dl", {class: "facts"}, ...facts));
  }

  update(recording) {
    // What the server fills in at the end, like {endTime}, says nothing yet.
    setText(this.title, recording.fileName.replaceAll(/\{\w+\}/g, "…"));
    setText(this.state.lastChild, {WAITING: "Starting", RECORDING: "Recording", FINISHING: "Finishing"}[recording.state]);
    setText(this.media, `of ${recording.streamName}`);
    setText(this.duration, words.duration(recording.durationMillis));
    setText(this.size, words.size(recording.size));
  }
}

export function recordings() {
  prepare(byId("player"));
  byId("player").addEventListener("close", () => byId("player-stage").replaceChildren());
  const list = byId("recordings");
  const rows = new KeyedList(list,
    (r) => (r.state ? `active ${r.mediaSessionId} ${r.fileName}` : `file ${r.fileName}`),
    (r) => (r.state ? new ActiveRow() : new FileRow(r)));
  const search = byId("search");
  let shown = PAGE;
  let last = {active: [], finished: []};

  function render() {
    const {active, finished} = last;
    const wanted = search.value.trim().toLowerCase();
    const matching = finished.filter((f) => f.fileName.toLowerCase().includes(wanted));
    rows.update([...(wanted === "" ? active : []), ...matching.slice(0, shown)]);
    const any = active.length + finished.length > 0;
    show(list, list.childElementCount > 0);
    show(byId("recordings-empty"), !any);
    show(byId("recordings-none"), any && list.childElementCount === 0);
    show(byId("search-label"), finished.length >= SEARCH_FROM);
    show(byId("more"), matching.length > shown);
    const total = finished.reduce((sum, f) => sum + f.size, 0);
    setText(byId("recordings-summary"), finished.length === 0 ? "" : `${words.counted(finished.length, "file")} · ${words.size(total)}`);
  }

  search.addEventListener("input", () => {
    shown = PAGE;
    render();
  });
  byId("more").addEventListener("click", () => {
    shown += PAGE;
    render();
  });

  return function update(active, finished) {
    last = {active, finished};
    render();
  };
}
