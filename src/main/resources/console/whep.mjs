// Watching in a browser with WHEP.
import {PeerSession, endpointOf, refusal} from "./session.mjs";

export class WhepPlayer extends PeerSession {
  constructor(onState) {
    super(onState);
    this.media = new MediaStream();
  }

  /** Resolves once pictures or sound can come; they are in `media`. */
  start(name) {
    return this.connect({
      endpoint: endpointOf("whep", name),
      prepare: (peer) => {
        for (const kind of ["video", "audio"]) peer.addTransceiver(kind, {direction: "recvonly"});
        peer.addEventListener("track", (event) => this.media.addTrack(event.track));
      },
      title: "Who may watch here?",
      inWords: (response) => inWords(response, name),
    });
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
}

async function inWords(response, name) {
  if (response.status === 404 || response.status === 405) return `“${name}” is not live any more, or WebRTC is turned off on this server.`;
  if (response.status === 401 || response.status === 403) return "This server does not allow you to watch.";
  return refusal(response, "This browser cannot watch it");
}
