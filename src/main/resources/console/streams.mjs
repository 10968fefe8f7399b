// The live streams.
import {api} from "./api.mjs";
import {confirm, toast} from "./dialogs.mjs";
import {byId, element, KeyedList, setText, show} from "./dom.mjs";
import {watchStream} from "./watch.mjs";
import * as words from "./words.mjs";

const SPARK_POINTS = 30;
const SVG = "http://www.w3.org/2000/svg";

function fact(label) {
  const value = element("dd");
  return {node: element("div", {}, element("dt", {}, label), value), value};
}

/** The bitrate of the last minute as a line; only the number beside it is read out. */
class Sparkline {
  constructor() {
    this.points = [];
    this.node = document.createElementNS(SVG, "svg");
    this.node.setAttribute("class", "spark");
    this.node.setAttribute("viewBox", `0 0 ${SPARK_POINTS - 1} 10`);
    this.node.setAttribute("preserveAspectRatio", "none");
    this.node.setAttribute("aria-hidden", "true");
    this.line = document.createElementNS(SVG, "path");
    this.node.append(this.line);
  }

  add(value) {
    this.points.push(value);
    if (this.points.length > SPARK_POINTS) this.points.shift();
    const top = Math.max(1, ...this.points) * 1.15;
    const left = SPARK_POINTS - this.points.length;
    const steps = this.points.map((v, i) => `${left + i} ${(9.5 - (v / top) * 9).toFixed(2)}`);
    this.line.setAttribute("d", steps.length > 1 ? `M${steps.join("L")}` : "");
  }
}

class StreamRow {
  constructor(stream, refresh) {
    this.stream = stream;
    this.refresh = refresh;
    this.title = element("h3", {class: "name", id: `s-${stream.mediaSessionId}`});
    this.media = element("p", {class: "media"});
    this.badge = element("span", {class: "badge", hidden: true}, element("span", {class: "dot", "aria-hidden": "true"}), "Recording");
    this.bitrate = fact("Bitrate");
    this.viewers = fact("Viewers");
    this.uptime = fact("Uptime");
    this.spark = new Sparkline();
    this.bitrate.node.append(this.spark.node);
    this.recordMark = element("span", {"aria-hidden": "true"});
    this.recordText = element("span");
    this.record = element("button", {type: "button", class: "button take", onclick: () => this.toggle()}, this.recordMark, this.recordText);
    this.watch = element("button", {type: "button", class: "button", onclick: () => watchStream(this.stream.name)}, "Watch");
    this.watch.append(element("span", {class: "unseen"}, " stream"));
    this.end = element("button", {type: "button", class: "button quiet", onclick: () => this.confirmEnd()}, "End");
    this.end.append(element("span", {class: "unseen"}, " stream"));
    for (const button of [this.watch, this.record, this.end]) button.setAttribute("aria-describedby", this.title.id);
    this.node = element("li", {class: "row stream"},
      element("div", {class: "what"}, element("div", {class: "name-line"}, this.title, this.badge), this.media),
      element("dl", {class: "facts"}, this.bitrate.node, this.viewers.node, this.uptime.node),
      element("div", {class: "actions"}, this.watch, this.record, this.end));
  }

  update(stream) {
    this.stream = stream;
    setText(this.title, stream.name);
    const parts = [];
    if (stream.hasVideo) parts.push(words.videoTrack(stream.videoCodec, stream.width, stream.height));
    if (stream.hasAudio) parts.push(words.audioTrack(stream.audioCodec, stream.sampleRate, stream.channels));
    if (parts.length === 0) parts.push("Waiting for the first picture");
    parts.push(words.protocol(stream.protocol));
    setText(this.media, parts.join(" · "));
    setText(this.bitrate.value, words.bitrate(stream.bitrate));
    setText(this.viewers.value, String(stream.viewers));
    setText(this.uptime.value, words.duration(stream.uptimeMillis));
    this.spark.add(stream.bitrate);
    show(this.badge, stream.record);
    this.node.classList.toggle("recording", stream.record);
    setText(this.recordText, stream.record ? "Stop recording" : "Record");
    this.recordMark.className = stream.record ? "square" : "dot";
  }

  async toggle() {
    const {mediaSessionId, name, record} = this.stream;
    this.record.disabled = true;
    try {
      if (record) {
        await api.stopRecording(mediaSessionId);
        toast(`Recording of ${name} stopped.`);
      } else {
        await api.startRecording(mediaSessionId);
        toast(`Recording ${name}.`);
      }
      await this.refresh();
    } catch (problem) {
      toast(problem.status === 507 ? "The disk is too full to record." : problem.message);
    } finally {
      this.record.disabled = false;
      if (document.activeElement === document.body) this.record.focus();
    }
  }

  async confirmEnd() {
    const {mediaSessionId, name} = this.stream;
    const wanted = await confirm({
      title: `End “${name}”?`,
      text: "Its publisher is disconnected. What was recorded so far is kept.",
      yes: "End stream",
    });
    if (!wanted) return;
    try {
      await api.endStream(mediaSessionId);
      toast(`${name} was ended.`);
      await this.refresh();
    } catch (problem) {
      toast(problem.status === 404 ? `${name} had already ended.` : problem.message);
    }
  }
}

/** @param refresh asks the server again at once */
export function liveStreams(refresh) {
  const list = byId("live");
  const rows = new KeyedList(list, (s) => s.mediaSessionId, (s) => new StreamRow(s, refresh));
  const publish = byId("publish");
  let known = false;

  return function update(streams) {
    rows.update(streams);
    show(list, streams.length > 0);
    show(byId("live-empty"), streams.length === 0);
    // Opened for whoever has nothing yet; afterwards it stays as the person left it.
    if (!known) publish.open = streams.length === 0;
    known = true;
    const total = streams.reduce((sum, s) => sum + s.bitrate, 0);
    const parts = streams.length === 0 ? [] : [words.counted(streams.length, "stream"), words.bitrate(total)];
    setText(byId("live-summary"), parts.join(" · "));
  };
}
