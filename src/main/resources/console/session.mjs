// What publishing with WHIP (RFC 9725) and watching with WHEP have in common: one POST with the offer, one DELETE at
// the end.
import {Problem} from "./api.mjs";
import {askCredentials, credentialHeaders} from "./credentials.mjs";
import {iceServers} from "./ice.mjs";

const ANSWER_MILLIS = 10_000;
const CONNECT_MILLIS = 15_000;

export class PeerSession {
  /** @param onState called with "live", "interrupted" or "lost" */
  constructor(onState) {
    this.onState = onState;
    this.resource = null;
    this.peer = null;
  }

  /**
   * Resolves once media can flow.
   * @param endpoint path, with the stream's name
   * @param query appended to the offer's address
   * @param prepare puts tracks or transceivers into the new RTCPeerConnection
   * @param title asks for a token, or for user and password
   * @param inWords makes a sentence of a refusing response
   */
  async connect({endpoint, query = "", prepare, title, inWords}) {
    let {peer, response} = await this.offer(endpoint, query, prepare);
    while (await askCredentials(response, title)) {
      peer.close();
      // Who closed the page's dialog meanwhile wants nothing any more.
      if (this.peer !== peer) throw new Problem("Not connected.", 0);
      // A new one: the TURN servers are known only now.
      ({peer, response} = await this.offer(endpoint, query, prepare));
    }
    if (!response.ok) throw new Problem(await inWords(response), response.status);
    const location = response.headers.get("Location");
    this.resource = location ? new URL(location, response.url).href : null;
    await peer.setRemoteDescription({type: "answer", sdp: await response.text()});
    await connected(peer);
    this.onState("live");
    peer.addEventListener("connectionstatechange", () => this.report());
  }

  async offer(endpoint, query, prepare) {
    const peer = new RTCPeerConnection({iceServers: await iceServers(endpoint)});
    this.peer = peer;
    await prepare(peer);
    await peer.setLocalDescription();
    return {peer, response: await post(endpoint + query, peer.localDescription.sdp)};
  }

  report() {
    switch (this.peer?.connectionState) {
      case "connected": this.onState("live"); break;
      case "disconnected": this.onState("interrupted"); break;
      case "failed":
      case "closed": this.onState("lost"); break;
    }
  }

  /** The server finishes the recording of what was published. Also works while the page is being closed. */
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

/** The path of a stream, which can have slashes in its name. */
export function endpointOf(protocol, name) {
  return `/${protocol}/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/** What the server says in a problem document (RFC 9457), or else the status alone. */
export async function refusal(response, prefix) {
  try {
    return `${prefix}: ${(await response.json()).detail}.`;
  } catch {
    return `The server refused (${response.status}).`;
  }
}

async function post(address, sdp) {
  try {
    return await fetch(address, {
      method: "POST",
      headers: {"Content-Type": "application/sdp", ...credentialHeaders()},
      body: sdp,
      signal: AbortSignal.timeout(ANSWER_MILLIS),
    });
  } catch {
    throw new Problem("The server does not answer. Check that it is running, then try again.", 0);
  }
}

function connected(peer) {
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
