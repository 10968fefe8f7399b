// Publishing from a browser with WHIP, RFC 9725.
import {PeerSession, endpointOf, refusal} from "./session.mjs";

/** Which of the wanted video codecs this browser can send, by name: "H264", "VP8". */
export function sendableCodecs(wanted) {
  const known = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
  return wanted.filter((name) => known.some((c) => c.mimeType.toLowerCase() === `video/${name.toLowerCase()}`));
}

export class WhipPublisher extends PeerSession {
  start(media, name, codec) {
    return this.connect({
      endpoint: endpointOf("whip", name),
      query: "?record=true",
      prepare: async (peer) => {
        for (const track of media.getTracks()) {
          const transceiver = peer.addTransceiver(track, {direction: "sendonly", streams: [media]});
          if (track.kind === "video") prefer(transceiver, codec);
        }
        await keepResolution(peer);
      },
      title: "Who may publish here?",
      inWords: (response) => inWords(response, name),
    });
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

async function inWords(response, name) {
  if (response.status === 409) return `Somebody is already live as “${name}”. Choose another name.`;
  if (response.status === 404 || response.status === 405) return "This server does not take streams from browsers: WebRTC is turned off.";
  if (response.status === 429) return "This server has too much to do for your address. Wait a few seconds, then try again.";
  if (response.status === 401 || response.status === 403) return "This server does not allow you to publish.";
  return refusal(response, "The server refused");
}
