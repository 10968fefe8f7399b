// Recordings: those that grow and those that are done, in pages as the server has them, with their player.
import {api} from "./api.mjs";
import {confirm, copy, prepare, toast} from "./dialogs.mjs";
import {byId, element, KeyedList, setText, show} from "./dom.mjs";
import {isOfMany, playTogether, prepareTogether} from "./together.mjs";
import * as words from "./words.mjs";

const PAGE = 30;
const TYPING_MILLIS = 250;
/** A picture that stands for longer is seen. */
const SEEN_FREEZE_MILLIS = 1000;
const SEARCH_FROM = 8;
const LINK_SECONDS = 7 * 86_400;

function isVideo(file) {
  return file.tracks.length > 0 ? file.tracks.some((t) => t.type === "video") : file.mediaType.startsWith("video/");
}

/** Of more tracks than these the kinds are counted: those of a call of many would fill the page. */
const NAMED_TRACKS = 4;

function counted(tracks, type) {
  const ones = tracks.filter((t) => t.type === type);
  const codecs = [...new Set(ones.map((t) => words.codec(t.codec)))].join(", ");
  return ones.length > 0 ? [`${words.counted(ones.length, `${type} track`)} (${codecs})`] : [];
}

function describe(file) {
  if (file.tracks.length > NAMED_TRACKS) return [...counted(file.tracks, "video"), ...counted(file.tracks, "audio")].join(" · ");
  const tracks = file.tracks.map((t) => t.type === "video"
    ? words.videoTrack(t.codec, t.width, t.height)
    : words.audioTrack(t.codec, t.sampleRate, t.channels));
  return tracks.length > 0 ? tracks.join(" · ") : file.state === "failed" ? "Not a recording that can be played" : file.mediaType;
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
  if (isOfMany(file)) {
    playTogether(file);
    return;
  }
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

const STATES = {recording: "Recording", finishing: "Finishing", interrupted: "Interrupted", failed: "Failed"};
const REASONS = {error: "Stopped after errors", no_space: "Stopped: the disk was full"};

/** How far the mix of a file is, or why there is none: [text, whether it is a trouble]; null for nothing to say. */
function mixNote(mix) {
  switch (mix?.state) {
    case "waiting": return ["Waits to be mixed", false];
    case "running": return [`Mixing: ${mix.percent} %`, false];
    case "failed": return [`Mixing failed: ${mix.message}`, true];
    default: return null;
  }
}

/** What somebody should know of a file besides what is in it: [text, whether it is a trouble]. */
function notes(file) {
  const list = [];
  if (file.streamName !== "") list.push([file.part > 1 ? `${file.streamName}, part ${file.part}` : file.streamName, false]);
  if (file.state === "interrupted") list.push(["The server died while it was recorded", true]);
  if (file.state === "failed") list.push([capital(file.reason), true]);
  else if (REASONS[file.reason]) list.push([REASONS[file.reason], true]);
  const quality = file.quality;
  if (quality && file.state !== "failed") {
    const {framesMissing, freezeMillis} = quality;
    list.push([framesMissing > 0 ? `${words.counted(framesMissing, "frame")} missing` : "no frame missing", framesMissing > 0]);
    if (freezeMillis >= SEEN_FREEZE_MILLIS) list.push([`longest freeze ${words.seconds(freezeMillis)}`, true]);
    if (quality.filledMillis > 0) list.push([`${words.seconds(quality.filledMillis)} of silence filled in`, false]);
  }
  for (const [name, outcome] of [["Hook", file.hook], ["Webhook", file.webhook]]) {
    if (outcome?.state === "failed") list.push([`${name} failed: ${outcome.message || `status ${outcome.exitStatus}`}`, true]);
    if (outcome?.state === "running") list.push([`${name} runs`, false]);
  }
  const mix = mixNote(file.mix);
  if (mix) list.push(mix);
  return list;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

class FileRow {
  constructor(file, refresh) {
    this.refresh = refresh;
    this.title = element("h3", {class: "name", id: `r-${file.id}`});
    this.badge = element("span", {class: "badge", hidden: true}, element("span", {class: "dot", "aria-hidden": "true"}), "");
    this.media = element("p", {class: "media"});
    this.notes = element("p", {class: "notes"});
    this.duration = element("dd");
    this.size = element("dd");
    this.date = element("dd");
    const facts = [["Duration", this.duration], ["Size", this.size], ["Started", this.date]]
      .map(([label, value]) => element("div", {}, element("dt", {}, label), value));
    const described = {"aria-describedby": this.title.id};
    this.play = element("button", {type: "button", class: "button", onclick: () => play(this.file), ...described}, "Play");
    this.download = element("a", {class: "button quiet", download: true, ...described}, "Download");
    this.link = element("button", {type: "button", class: "button quiet", onclick: () => copyLink(this.file), ...described}, "Copy link");
    this.remove = element("button", {type: "button", class: "button quiet", onclick: () => this.confirmDelete(), ...described}, "Delete");
    this.node = element("li", {class: "row file"},
      element("div", {class: "what"}, element("div", {class: "name-line"}, this.title, this.badge), this.media, this.notes),
      element("dl", {class: "facts"}, ...facts),
      element("div", {class: "actions"}, this.play, this.download, this.link, this.remove));
    this.update(file);
  }

  update(file) {
    this.file = file;
    const grows = file.state === "recording" || file.state === "finishing";
    const there = file.url !== null;
    // What the server fills in at the end, like {endTime}, says nothing yet.
    setText(this.title, grows ? file.fileName.replaceAll(/\{\w+\}/g, "…") : file.fileName);
    show(this.badge, file.state in STATES);
    setText(this.badge.lastChild, STATES[file.state] ?? "");
    this.badge.classList.toggle("still", !grows);
    this.node.classList.toggle("growing", grows);
    this.node.classList.toggle("finishing", file.state === "finishing");
    setText(this.media, describe(file));
    this.showNotes(notes(file));
    setText(this.duration, knownDuration(file));
    setText(this.size, words.size(file.size));
    setText(this.date, words.when(file.startMillis));
    for (const action of [this.play, this.download, this.link]) show(action, there);
    show(this.remove, !grows);
    if (there) {
      const href = `${file.url}?download=true`;
      if (this.download.getAttribute("href") !== href) this.download.href = href;
    }
  }

  /** Written anew only if something changed, so that a screen reader is not told the same again. */
  showNotes(list) {
    const said = JSON.stringify(list);
    if (said === this.said) return;
    this.said = said;
    this.notes.replaceChildren(...list.flatMap(([text, trouble], i) => [
      i > 0 ? " · " : "",
      trouble ? element("strong", {}, text) : text,
    ]));
    show(this.notes, list.length > 0);
  }

  async confirmDelete() {
    const {id, fileName} = this.file;
    const wanted = await confirm({
      title: "Delete this recording?",
      text: `${fileName} and what was cut from it are removed from the disk. This cannot be undone.`,
      yes: "Delete",
    });
    if (!wanted) return;
    try {
      await api.deleteRecording(id);
      toast(`${fileName} was deleted.`);
    } catch (problem) {
      toast(problem.status === 404 ? `${fileName} was deleted already.` : problem.message);
    }
    await this.refresh();
  }
}

/** @param refresh asks the server again at once */
export function recordings(refresh) {
  prepare(byId("player"));
  prepareTogether();
  byId("player").addEventListener("close", () => byId("player-stage").replaceChildren());
  const list = byId("recordings");
  const rows = new KeyedList(list, (r) => r.id, (r) => new FileRow(r, refresh));
  const search = byId("search");
  const state = byId("state");
  const sort = byId("sort");
  let page = 0;
  let typing = 0;
  let known = 0;

  function filtered() {
    return search.value.trim() !== "" || state.value !== "";
  }

  function query() {
    const asked = {sort: sort.value, page, size: PAGE};
    if (search.value.trim() !== "") asked.q = search.value.trim();
    if (state.value !== "") asked.state = state.value;
    return asked;
  }

  function turn(to) {
    page = Math.max(0, to);
    refresh();
  }

  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => turn(0), TYPING_MILLIS);
  });
  for (const select of [state, sort]) select.addEventListener("change", () => turn(0));
  byId("previous").addEventListener("click", () => turn(page - 1));
  byId("next").addEventListener("click", () => turn(page + 1));

  /** @param mixes of the server's queue, the youngest first */
  function render(answer, mixes) {
    const {total, totalBytes} = answer;
    const entries = answer.recordings.map((file) => ({...file, mix: mixes.find((mix) => mix.fileName === file.fileName)}));
    if (entries.length === 0 && page > 0) {
      turn(Math.ceil(total / PAGE) - 1);
      return;
    }
    if (!filtered()) known = total;
    rows.update(entries);
    show(list, entries.length > 0);
    show(byId("recordings-empty"), total === 0 && !filtered());
    show(byId("recordings-none"), total === 0 && filtered());
    show(byId("tools"), known >= SEARCH_FROM || filtered());
    show(byId("pages"), total > PAGE);
    byId("previous").disabled = page === 0;
    byId("next").disabled = (page + 1) * PAGE >= total;
    setText(byId("pages-text"), `${page * PAGE + 1} to ${page * PAGE + entries.length} of ${words.number(total)}`);
    setText(byId("recordings-summary"), total === 0 ? "" : `${words.counted(total, "file")} · ${words.size(totalBytes)}`);
  }

  /** @param away whether the server cannot say now what there is */
  function reachable(yes) {
    show(byId("recordings-away"), !yes);
    list.classList.toggle("stale", !yes);
  }

  return {query, filtered, render, reachable};
}
