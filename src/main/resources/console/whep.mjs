// Watching in a browser with WHEP: one POST with the offer, one DELETE at the end.
import {Problem} from "./api.mjs";
import {iceServers} from "./ice.mjs";
import {connected} from "./whip.mjs";

const ANSWER_MILLIS = 10_000;

export class WhepPlayer {
  /** @param onState called with "live", "interrupted" or "lost" */
  constructor(onState) {
    this.onState = onState;
    this.resource = null;
    this.peer = null;
    this.media = new MediaStream();
  }

  /** Resolves once pictures or sound can come; they are in `media`. */
  async start(name) {
    const endpoint = `/whep/${name.split("/").map(encodeURIComponent).join("/")}`;
    const peer = new RTCPeerConnection({iceServers: await iceServers(endpoint)});
    this.peer = peer;
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, {direction: "recvonly"});
    peer.addEventListener("track", (event) => this.media.addTrack(event.track));
    await peer.setLocalDescription();
    const response = await this.post(endpoint, name, peer.localDescription.sdp);
    const location = response.headers.get("Location");
    this.resource = location ? new URL(location, response.url).href : null;
    await peer.setRemoteDescription({type: "answer", sdp: await response.text()});
    await connected(peer);
    this.onState("live");
    peer.addEventListener("connectionstatechange", () => this.report());
  }

  async post(endpoint, name, sdp) {
    let response;
    try {
      response = await fetch(endpoint, {
        method: "POST",
        headers: {"Content-Type": "application/sdp"},
        body: sdp,
        signal: AbortSignal.timeout(ANSWER_MILLIS),
      });
    } catch {
      throw new Problem("The server does not answer. Check that it is running, then try again.", 0);
    }
    if (!response.ok) throw new Problem(await inWords(response, name), response.status);
    return response;
  }

  report() {
    switch (this.peer?.connectionState) {
      case "connected": this.onState("live"); break;
      case "disconnected": this.onState("interrupted"); break;
      case "failed":
      case "closed": this.onState("lost"); break;
    }
  }

  /** How long sound and picture wait in this browser before they are shown, in milliseconds; 0 while unknown. */
  async delayMillis() {
    let longest = 0;
    for (const stats of (await this.peer?.getStats())?.values() ?? []) {
      if (stats.type === "inbound-rtp" && stats.jitterBufferEmittedCount > 0) {
        longest = Math.max(longest, (stats.jitterBufferDelay / stats.jitterBufferEmittedCount) * 1000);
      }
    }
    return longest;
  }

  /** Also works while the page is being closed. */
  async stop() {
    const {peer, resource} = this;
    this.peer = null;
    this.resource = null;
    if (resource) await fetch(resource, {method: "DELETE", keepalive: true}).catch(() => {});
    peer?.close();
  }
}

async function inWords(response, name) {
  if (response.status === 404 || response.status === 405) return `“${name}” is not live any more, or WebRTC is turned off on this server.`;
  if (response.status === 401 || response.status === 403) return "This server does not allow you to watch.";
  try {
    return `This browser cannot watch it: ${(await response.json()).detail}.`;
  } catch {
    return `The server refused (${response.status}).`;
  }
}
