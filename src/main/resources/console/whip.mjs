// Publishing from a browser with WHIP, RFC 9725: one POST with the offer, one DELETE at the end.
import {Problem} from "./api.mjs";
import {iceServers} from "./ice.mjs";

const ANSWER_MILLIS = 10_000;
const CONNECT_MILLIS = 15_000;

/** Which of the wanted video codecs this browser can send, by name: "H264", "VP8". */
export function sendableCodecs(wanted) {
  const known = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
  return wanted.filter((name) => known.some((c) => c.mimeType.toLowerCase() === `video/${name.toLowerCase()}`));
}

export class WhipPublisher {
  /** @param onState called with "live", "interrupted" or "lost" */
  constructor(onState) {
    this.onState = onState;
    this.resource = null;
    this.peer = null;
  }

  async start(media, name, codec) {
    const endpoint = `/whip/${name.split("/").map(encodeURIComponent).join("/")}`;
    const peer = new RTCPeerConnection({iceServers: await iceServers(endpoint)});
    this.peer = peer;
    for (const track of media.getTracks()) {
      const transceiver = peer.addTransceiver(track, {direction: "sendonly", streams: [media]});
      if (track.kind === "video") prefer(transceiver, codec);
    }
    await keepResolution(peer);
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
      response = await fetch(`${endpoint}?record=true`, {
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

  /** Ends the stream; the server finishes the recording. Also works while the page is being closed. */
  async stop() {
    const {peer, resource} = this;
    this.peer = null;
    this.resource = null;
    if (resource) {
      // Before the connection goes, so that the server hears the end instead of waiting for silence.
      await fetch(resource, {method: "DELETE", keepalive: true}).catch(() => {});
    }
    peer?.close();
  }
}

function prefer(transceiver, codec) {
  const all = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
  const mime = `video/${codec.toLowerCase()}`;
  const wanted = all.filter((c) => c.mimeType.toLowerCase() === mime);
  // Retransmission belongs to every codec.
  const repair = all.filter((c) => c.mimeType.toLowerCase() === "video/rtx");
  if (wanted.length > 0) transceiver.setCodecPreferences?.([...wanted, ...repair]);
}

/** Under a weak network a recording rather loses pictures than changes its size in the middle. */
async function keepResolution(peer) {
  for (const sender of peer.getSenders()) {
    if (sender.track?.kind !== "video") continue;
    try {
      await sender.setParameters({...sender.getParameters(), degradationPreference: "maintain-resolution"});
    } catch {
      // Browsers that do not know this send as they think best.
    }
  }
}

export function connected(peer) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(false), CONNECT_MILLIS);
    function settle(good) {
      clearTimeout(timer);
      peer.removeEventListener("connectionstatechange", look);
      if (good) resolve();
      else reject(new Problem("The server was found, but pictures and sound do not reach it. A firewall may block UDP on the server's WebRTC port (8189).", 0));
    }
    function look() {
      if (peer.connectionState === "connected") settle(true);
      if (peer.connectionState === "failed" || peer.connectionState === "closed") settle(false);
    }
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}

async function inWords(response, name) {
  if (response.status === 409) return `Somebody is already live as “${name}”. Choose another name.`;
  if (response.status === 404 || response.status === 405) return "This server does not take streams from browsers: WebRTC is turned off.";
  if (response.status === 429) return "This server has too much to do for your address. Wait a few seconds, then try again.";
  if (response.status === 401 || response.status === 403) return "This server does not allow you to publish.";
  try {
    return `The server refused: ${(await response.json()).detail}.`;
  } catch {
    return `The server refused (${response.status}).`;
  }
}
