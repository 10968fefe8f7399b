// Watching without WebRTC: fragments of MP4 over a WebSocket, for MediaSource. Later than WebRTC, but with every codec that
// the browser plays from a file, and through every firewall.
import {Problem} from "./api.mjs";
import {joined} from "./bytes.mjs";
import {credentialQuery} from "./credentials.mjs";
import {endpointOf} from "./session.mjs";

/** So much is waited for before what is newest, and played again behind an interruption. */
const BEHIND_SECONDS = 0.6;
const TOO_FAR_BEHIND_SECONDS = 3;
/** A little of a delay is caught up with where nobody notices. */
const BEHIND_BY_SECONDS = 1.2;
const CATCHING_UP = 1.08;
const KEPT_SECONDS = 20;

export class SocketPlayer {
  /** @param onState called with "live" or "lost" */
  constructor(video, onState) {
    this.video = video;
    this.onState = onState;
    this.queue = [];
    this.buffer = null;
    this.socket = null;
  }

  /** Resolves when the server has said what comes and the browser can play it. */
  start(name) {
    const address = new URL(`${endpointOf("live", name)}.mp4${credentialQuery()}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const source = new MediaSource();
    this.video.src = URL.createObjectURL(source);
    const open = new Promise((resolve) => source.addEventListener("sourceopen", resolve, {once: true}));
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    return new Promise((resolve, reject) => {
      socket.addEventListener("message", ({data}) => {
        if (typeof data !== "string") {
          this.queue.push(data);
          this.next();
        } else if (MediaSource.isTypeSupported(data)) {
          open.then(() => {
            this.buffer = source.addSourceBuffer(data);
            this.buffer.addEventListener("updateend", () => this.next());
            this.next();
          });
          this.onState("live");
          resolve();
        } else {
          reject(new Problem(`This browser cannot play ${data}.`, 0));
          socket.close();
        }
      });
      socket.addEventListener("close", () => {
        reject(new Problem("The stream cannot be played here just now.", 0));
        if (this.socket === socket) this.onState("lost");
      });
    });
  }

  /** Gives the browser what has come, and forgets what was seen. */
  next() {
    const {buffer, video} = this;
    if (!buffer || buffer.updating || this.socket === null) return;
    this.follow();
    if (buffer.buffered.length > 0 && buffer.buffered.start(0) < video.currentTime - KEPT_SECONDS) {
      buffer.remove(0, video.currentTime - KEPT_SECONDS / 2);
    } else if (this.queue.length > 0) {
      buffer.appendBuffer(joined(...this.queue.splice(0).map((data) => new Uint8Array(data))));
    }
  }

  /** A live stream is not played from its beginning, nor with more delay than there has to be. */
  follow() {
    const {buffered} = this.video;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const newest = buffered.end(last);
    if (this.video.currentTime < buffered.start(last) || newest - this.video.currentTime > TOO_FAR_BEHIND_SECONDS) {
      this.video.currentTime = Math.max(buffered.start(last), newest - BEHIND_SECONDS);
    }
    this.video.playbackRate = newest - this.video.currentTime > BEHIND_BY_SECONDS ? CATCHING_UP : 1;
    if (this.video.paused && this.video.autoplay) this.video.play().catch(() => {});
  }

  /** How far what is shown is behind what has come, in milliseconds. */
  async delayMillis() {
    const {buffered, currentTime} = this.video;
    return buffered.length === 0 ? 0 : Math.max(0, Math.round((buffered.end(buffered.length - 1) - currentTime) * 1000));
  }

  stop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
  }
}
