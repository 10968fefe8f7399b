// "Watch": a live stream in this browser, and how everybody who sends or gets it does.
import {Problem} from "./api.mjs";
import {prepare} from "./dialogs.mjs";
import {byId, element, setText, show} from "./dom.mjs";
import {SocketPlayer} from "./mse.mjs";
import {PeerList} from "./peers.mjs";
import {WhepPlayer} from "./whep.mjs";
import * as words from "./words.mjs";

const POLL_MILLIS = 1000;

class Watch {
  constructor() {
    this.dialog = byId("watch");
    this.peers = new PeerList(byId("watch-peers"));
    this.player = null;
    this.timer = 0;
    prepare(this.dialog);
    this.dialog.addEventListener("close", () => this.stop());
    window.addEventListener("pagehide", () => this.stop());
  }

  async open(name) {
    this.name = name;
    setText(byId("watch-title"), name);
    this.state("Connecting");
    this.problem("");
    this.dialog.showModal();
    this.poll();
    const player = new WhepPlayer((state) => this.playerState(player, state));
    this.player = player;
    const video = element("video", {autoplay: true, playsinline: true, muted: true, controls: true, "aria-label": name});
    // The attribute alone does not silence an element that a script made.
    video.muted = true;
    video.srcObject = player.media;
    byId("watch-stage").replaceChildren(video);
    try {
      await player.start(name);
      if (this.player !== player) player.stop();
    } catch (error) {
      if (this.player !== player) return;
      player.stop();
      if (await this.withoutWebRtc(video, name)) return;
      this.state("Not connected");
      this.problem(error instanceof Problem ? error.message : `This browser could not connect (${error.message}).`);
    }
  }

  /** What WebRTC cannot carry, or a firewall keeps away, comes as MP4 over a WebSocket. */
  async withoutWebRtc(video, name) {
    video.srcObject = null;
    const player = new SocketPlayer(video, (state) => this.playerState(player, state));
    this.player = player;
    try {
      await player.start(name);
    } catch {
      return this.player !== player;
    }
    if (this.player !== player) player.stop();
    return true;
  }

  playerState(player, state) {
    if (player !== this.player) return;
    switch (state) {
      case "live": this.state("Live, muted: turn the sound on in the player"); break;
      case "interrupted": this.state("Interrupted. It may come back by itself."); break;
      case "lost": this.state("The stream has ended."); break;
    }
  }

  async poll() {
    clearTimeout(this.timer);
    if (!this.dialog.open) return;
    try {
      show(byId("watch-none"), await this.peers.ask(this.name) === 0);
      const delay = await this.player?.delayMillis() ?? 0;
      setText(byId("watch-delay"), delay > 0 ? `Waits ${words.number(delay)} ms in this browser` : "");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.problem(problem.message);
    } finally {
      this.timer = setTimeout(() => this.poll(), POLL_MILLIS);
    }
  }

  stop() {
    clearTimeout(this.timer);
    const player = this.player;
    this.player = null;
    player?.stop();
    byId("watch-stage").replaceChildren();
  }

  state(text) {
    setText(byId("watch-state"), text);
  }

  problem(text) {
    setText(byId("watch-problem"), text);
    show(byId("watch-problem"), text !== "");
  }
}

let watch = null;

/** Shows a live stream by its name. */
export function watchStream(name) {
  watch ??= new Watch();
  return watch.open(name);
}
