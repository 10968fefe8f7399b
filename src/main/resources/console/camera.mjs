// "Record my camera": choose, see oneself, publish, stop, get the file.
import {Problem} from "./api.mjs";
import {confirm} from "./dialogs.mjs";
import {byId, element, setText, show} from "./dom.mjs";
import {LevelMeter} from "./meter.mjs";
import {PeerList} from "./peers.mjs";
import {ChunkPublisher, recordableType} from "./recorder.mjs";
import {play} from "./recordings.mjs";
import {sendableCodecs, WhipPublisher} from "./whip.mjs";
import * as words from "./words.mjs";

const CODECS = {H264: "H.264", VP8: "VP8"};
const NONE = "none";
const PEERS_MILLIS = 1000;

/** What a browser says when it gives no camera, for people. */
function mediaProblem(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The browser did not let this page use your camera. Allow it beside the page's address, then try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera or microphone was found. Plug one in, then try again.";
    case "NotReadableError":
    case "AbortError":
      return "The camera cannot be used right now. Another program may be using it: close that, then try again.";
    default:
      return `The camera could not be opened (${error.name}).`;
  }
}

const INSECURE = "Browsers give cameras to secure pages only. Open this page on the server's own machine as "
  + `http://localhost:${location.port || 80}, or publish with OBS.`;

class Camera {
  constructor(refresh) {
    this.refresh = refresh;
    this.dialog = byId("camera");
    this.form = byId("camera-form");
    this.name = byId("camera-name");
    this.cameras = byId("camera-video");
    this.microphones = byId("camera-audio");
    this.plain = byId("camera-plain");
    this.preview = byId("preview");
    this.meter = new LevelMeter(byId("meter"));
    this.media = null;
    this.publisher = null;
    this.startedAt = 0;
    this.clock = 0;
    this.peers = new PeerList(byId("camera-peers-list"));
    this.peersTimer = 0;
    /** The recording of the stream that just ended, until its file is there. */
    this.awaited = null;
    this.finished = [];
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    byId("camera-stop").addEventListener("click", () => this.stop());
    byId("camera-retry").addEventListener("click", () => {
      // What was chosen may be what does not work.
      for (const select of [this.cameras, this.microphones]) select.replaceChildren();
      this.openMedia();
    });
    for (const select of [this.cameras, this.microphones]) select.addEventListener("change", () => this.openMedia());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    this.dialog.querySelector("[data-close]").addEventListener("click", () => this.close());
    this.dialog.addEventListener("close", () => this.closeMedia());
    window.addEventListener("pagehide", () => this.publisher?.stop());
    window.addEventListener("beforeunload", (event) => {
      if (this.publisher) event.preventDefault();
    });
  }

  async open() {
    this.problem("");
    this.phase("choosing");
    show(byId("camera-done"), false);
    this.awaited = null;
    this.name.value = `camera-${new Date().toTimeString().slice(0, 5).replace(":", "")}`;
    this.dialog.showModal();
    this.listCodecs();
    await this.openMedia();
  }

  listCodecs() {
    const box = byId("camera-codecs");
    const names = typeof RTCRtpSender === "undefined" ? [] : sendableCodecs(Object.keys(CODECS));
    const legend = box.querySelector("legend");
    box.replaceChildren(legend, ...names.map((name, i) => element("label", {class: "choice"},
      element("input", {type: "radio", name: "codec", value: name, checked: i === 0}), CODECS[name])));
    show(box, names.length > 0);
  }

  /** Opens what is chosen; the first time whatever there is, since devices have no names before they are allowed. */
  async openMedia() {
    this.closeMedia();
    this.problem("");
    show(byId("camera-retry"), false);
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem(INSECURE);
      this.note("No camera on this page");
      this.usable(false);
      return;
    }
    this.note("Asking for your camera");
    const asked = {};
    this.asked = asked;
    try {
      const media = await this.askForMedia();
      if (this.asked !== asked || !this.dialog.open) {
        for (const track of media.getTracks()) track.stop();
        return;
      }
      this.media = media;
    } catch (error) {
      this.problem(mediaProblem(error));
      this.note("No picture");
      this.usable(false);
      show(byId("camera-retry"), true);
      return;
    }
    this.usable(true);
    this.preview.srcObject = this.media;
    this.note(this.media.getVideoTracks().length > 0 ? "" : "Sound only");
    this.meter.open(this.media);
    for (const track of this.media.getTracks()) track.addEventListener("ended", () => this.deviceLost(track));
    await this.listDevices();
  }

  /** Choosing devices and starting make sense only with a picture or a sound. */
  usable(yes) {
    for (const node of this.form.querySelectorAll("[data-device]")) show(node, yes);
    show(byId("camera-codecs"), yes && byId("camera-codecs").querySelector("input") !== null);
    show(byId("camera-way"), yes && recordableType("VP8") !== null);
    show(byId("camera-start"), yes);
    byId("camera-start").disabled = !yes;
  }

  async askForMedia() {
    const video = this.cameras.value === NONE ? false
      : {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}, ...exactly(this.cameras.value)};
    const audio = this.microphones.value === NONE ? false : {echoCancellation: true, ...exactly(this.microphones.value)};
    const devices = navigator.mediaDevices;
    try {
      return await devices.getUserMedia({video, audio});
    } catch (error) {
      if (error.name !== "NotFoundError" || !video || !audio) throw error;
      // One of both is missing: take the other.
      return devices.getUserMedia({video}).catch(() => devices.getUserMedia({audio}));
    }
  }

  async listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const used = (kind) => this.media?.getTracks().find((t) => t.kind === kind)?.getSettings().deviceId ?? NONE;
    fillSelect(this.cameras, devices.filter((d) => d.kind === "videoinput"), "Camera", "No camera", used("video"));
    fillSelect(this.microphones, devices.filter((d) => d.kind === "audioinput"), "Microphone", "No microphone", used("audio"));
  }

  closeMedia() {
    this.asked = null;
    this.meter.close();
    for (const track of this.media?.getTracks() ?? []) track.stop();
    this.media = null;
    this.preview.srcObject = null;
  }

  deviceLost(track) {
    this.problem(`The ${track.kind === "video" ? "camera" : "microphone"} was disconnected.`);
  }

  async start() {
    const name = this.name.value.trim();
    if (!this.media || name === "") return;
    this.problem("");
    show(byId("camera-done"), false);
    this.awaited = null;
    this.phase("connecting");
    const Publisher = this.plain.checked ? ChunkPublisher : WhipPublisher;
    const publisher = new Publisher((state) => this.publisherState(publisher, state));
    this.publisher = publisher;
    this.streamName = name;
    this.known = new Set(this.finished.map((f) => f.fileName));
    try {
      const codec = this.form.elements.codec?.value ?? "VP8";
      await publisher.start(this.media, name, codec);
      await this.refresh();
    } catch (error) {
      if (this.publisher !== publisher) return;
      await this.giveUp(error instanceof Problem ? error.message : `This browser could not connect (${error.message}).`);
    }
  }

  publisherState(publisher, state) {
    if (publisher !== this.publisher) return;
    switch (state) {
      case "live":
        this.problem("");
        if (this.startedAt === 0) {
          this.startedAt = Date.now();
          this.clock = setInterval(() => this.tick(), 250);
          this.phase("live");
          this.askPeers();
          byId("camera-stop").focus();
        }
        break;
      case "interrupted":
        this.problem("The connection is interrupted. It may come back by itself.");
        break;
      case "lost":
        this.giveUp("The connection has ended. What arrived until then is recorded.");
        break;
    }
  }

  tick() {
    setText(byId("on-air-time"), words.duration(Date.now() - this.startedAt));
  }

  /** What of it arrives, and at whom, for as long as it is live. */
  async askPeers() {
    const publisher = this.publisher;
    if (this.startedAt === 0) return;
    try {
      await this.peers.ask(this.streamName);
    } catch (problem) {
      // The page says so itself.
      if (!(problem instanceof Problem)) throw problem;
    } finally {
      if (this.publisher === publisher) this.peersTimer = setTimeout(() => this.askPeers(), PEERS_MILLIS);
    }
  }

  async giveUp(message) {
    const wasLive = this.startedAt > 0;
    await this.end();
    this.phase(wasLive ? "saving" : "choosing");
    this.problem(message);
  }

  async stop() {
    await this.end();
    this.phase("saving");
    await this.refresh();
  }

  async end() {
    const publisher = this.publisher;
    this.publisher = null;
    clearInterval(this.clock);
    clearTimeout(this.peersTimer);
    this.startedAt = 0;
    await publisher?.stop();
  }

  async close() {
    if (this.publisher) {
      const wanted = await confirm({
        title: "Stop recording?",
        text: "Closing the camera ends your stream. What was recorded so far is kept.",
        yes: "Stop recording",
      });
      if (!wanted) return;
      await this.end();
      await this.refresh();
    }
    this.dialog.close();
  }

  /** Called with what the server says, every two seconds. */
  update(active, finished) {
    this.finished = finished;
    const own = active.find((r) => r.streamName === this.streamName);
    if (this.publisher && this.startedAt > 0) {
      const recording = own?.state === "RECORDING";
      this.say(recording ? "Recording" : own ? "Starting" : "Live, not recorded");
      this.recording = own ?? this.recording;
      byId("on-air").classList.toggle("recording", recording);
    } else if (this.awaited) {
      this.lookForFile(own, finished);
    }
  }

  lookForFile(own, finished) {
    const file = finished.find((f) => this.awaited.matches(f));
    if (file) {
      this.awaited = null;
      this.done(file);
    } else if (!own && Date.now() > this.awaited.until) {
      this.awaited = null;
      this.done(null);
    }
  }

  done(file) {
    this.phase("choosing");
    const box = byId("camera-done");
    if (file) {
      box.replaceChildren(
        element("div", {class: "done-text"},
          element("p", {}, element("b", {}, "Saved"), ` ${file.fileName}`),
          element("p", {class: "facts-line"}, [file.durationMillis >= 0 ? words.duration(file.durationMillis) : "", words.size(file.size)].filter(Boolean).join(" · "))),
        element("div", {class: "actions"},
          element("button", {type: "button", class: "button", onclick: () => play(file)}, "Play"),
          element("a", {class: "button quiet", href: `${file.url}?download=true`, download: true}, "Download")));
    } else {
      box.replaceChildren(element("p", {}, "Your stream has ended, and no recording of it was found. Recording may be turned off on this server."));
    }
    show(box, true);
    box.querySelector("button")?.focus();
  }

  phase(phase) {
    const publishing = phase === "connecting" || phase === "live";
    show(byId("camera-start"), !publishing);
    byId("camera-start").disabled = phase === "saving" || !this.media;
    show(byId("camera-stop"), publishing);
    show(byId("on-air"), phase !== "choosing");
    show(byId("camera-peers"), phase === "live");
    if (phase !== "live") this.peers.clear();
    byId("on-air").classList.toggle("recording", false);
    for (const field of [this.name, this.cameras, this.microphones, this.plain, byId("camera-codecs")]) field.disabled = phase !== "choosing";
    if (phase === "connecting") {
      this.recording = null;
      setText(byId("on-air-time"), "");
      this.say("Connecting");
    }
    if (phase === "saving") {
      this.awaited = new AwaitedFile(this.recording, this.streamName, this.known);
      this.say("Saving");
    }
  }

  say(text) {
    setText(byId("on-air-text"), text);
    setText(byId("camera-said"), text);
  }

  note(text) {
    setText(byId("preview-note"), text);
    show(byId("preview-note"), text !== "");
  }

  problem(text) {
    setText(byId("camera-problem"), text);
    show(byId("camera-problem"), text !== "");
  }
}

/** The file that a recording becomes: its name, in which the server fills in at the end what it knew only then. */
class AwaitedFile {
  static PATIENCE_MILLIS = 20_000;

  /** @param recording as the server last named it; null if the stream ended before that, then any new file counts */
  constructor(recording, streamName, known) {
    this.until = Date.now() + AwaitedFile.PATIENCE_MILLIS;
    this.streamName = streamName;
    this.known = known;
    this.recording = recording;
    if (recording) {
      const [, stem, extension] = /^(.*?)(\.\w+)?$/s.exec(recording.fileName);
      const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const pattern = stem.split(/\{\w+\}/).map(literal).join(".*");
      this.pattern = new RegExp(`^${pattern}(_\\d+)?${extension ? literal(extension) : ".*"}$`, "s");
    }
  }

  matches(file) {
    return this.pattern
      ? this.pattern.test(file.fileName) && file.endMillis >= this.recording.startTimeMillis
      : file.fileName.includes(this.streamName) && !this.known.has(file.fileName);
  }
}

function exactly(deviceId) {
  return deviceId ? {deviceId: {exact: deviceId}} : {};
}

function fillSelect(select, devices, kind, none, chosen) {
  const options = devices.filter((d) => d.deviceId !== "").map((d, i) =>
    element("option", {value: d.deviceId, selected: d.deviceId === chosen}, d.label || `${kind} ${i + 1}`));
  options.push(element("option", {value: NONE, selected: chosen === NONE}, none));
  select.replaceChildren(...options);
}

/** @returns what to call with every answer of the server */
export function camera(refresh) {
  const it = new Camera(refresh);
  for (const button of document.querySelectorAll("#open-camera, [data-open-camera]")) {
    button.addEventListener("click", () => it.open());
  }
  return (active, finished) => it.update(active, finished);
}
