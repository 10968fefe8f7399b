// Publishing without WebRTC: what MediaRecorder makes goes to /ingest/NAME in numbered requests. Later by a second than
// WebRTC, but plain HTTP gets through every firewall and proxy.
import {Problem} from "./api.mjs";
import {askCredentials, credentialHeaders} from "./credentials.mjs";
import {endpointOf, refusal} from "./session.mjs";

const CHUNK_MILLIS = 500;
const KEYFRAME_MILLIS = 2000;
const RETRY_MILLIS = 500;
/** As long as the server waits for a publisher that does not say anything. */
const PATIENCE_MILLIS = 25_000;
const BITS_PER_SECOND = 2_500_000;

/** Of each codec the first that the browser can record. */
const TYPES = {
  H264: ["video/mp4;codecs=avc1.42E01F,opus", "video/webm;codecs=h264,opus"],
  VP8: ["video/webm;codecs=vp8,opus"],
};

/** What this browser records for the codec, or for whatever it has instead; null if it records nothing. */
export function recordableType(codec) {
  if (typeof MediaRecorder === "undefined") return null;
  const wanted = [...(TYPES[codec] ?? []), ...Object.values(TYPES).flat(), "video/webm", "video/mp4"];
  return wanted.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

export class ChunkPublisher {
  /** @param onState called with "live", "interrupted" or "lost" */
  constructor(onState) {
    this.onState = onState;
    this.recorder = null;
    this.address = "";
    this.number = 0;
    this.sending = Promise.resolve();
    this.gone = false;
  }

  /** Resolves once the server has taken the first chunk. */
  start(media, name, codec) {
    const type = recordableType(codec);
    if (!type) throw new Problem("This browser cannot record. Try it with WebRTC.", 0);
    this.name = name;
    this.address = `${endpointOf("ingest", name)}?record=true&session=${identity()}`;
    const recorder = new MediaRecorder(media, {
      mimeType: type, videoBitsPerSecond: BITS_PER_SECOND, videoKeyFrameIntervalDuration: KEYFRAME_MILLIS});
    this.recorder = recorder;
    return new Promise((resolve, reject) => {
      recorder.addEventListener("dataavailable", (event) => {
        if (event.data.size === 0) return;
        const number = this.number++;
        this.sending = this.sending.then(() => this.send(number, event.data)).then(
          () => {
            if (number === 0) {
              this.onState("live");
              resolve();
            }
          },
          (error) => {
            if (number === 0) reject(error);
            else if (!this.gone) this.onState("lost");
            this.gone = true;
          });
      });
      recorder.addEventListener("error", (event) => reject(event.error ?? new Error("the recorder failed")));
      recorder.start(CHUNK_MILLIS);
    });
  }

  /** One chunk, again and again until the server has it. */
  async send(number, data) {
    const until = Date.now() + PATIENCE_MILLIS;
    let interrupted = false;
    while (!this.gone) {
      const response = await put(`${this.address}&seq=${number}`, data);
      if (response?.ok) {
        if (interrupted) this.onState("live");
        return;
      }
      if (response && response.status < 500 && response.status !== 429) {
        if (await askCredentials(response, "Who may publish here?")) continue;
        throw new Problem(await inWords(response, this.name), response.status);
      }
      if (Date.now() > until) throw new Problem("The server does not answer. Check that it is running, then try again.", 0);
      interrupted = true;
      this.onState("interrupted");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MILLIS));
    }
  }

  /** The server finishes the recording when it has the last chunk. */
  async stop() {
    const recorder = this.recorder;
    this.recorder = null;
    if (!recorder) return;
    if (recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, {once: true}));
      recorder.stop();
      await stopped;
    }
    await this.sending;
    this.gone = true;
    await fetch(this.address, {method: "DELETE", keepalive: true, headers: credentialHeaders()}).catch(() => {});
  }
}

async function put(address, data) {
  try {
    return await fetch(address, {method: "PUT", headers: credentialHeaders(), body: data});
  } catch {
    return null;
  }
}

/** Pages that are not secure have no randomUUID. */
function identity() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function inWords(response, name) {
  if (response.status === 409) return `Somebody is already live as “${name}”. Choose another name.`;
  if (response.status === 401 || response.status === 403) return "This server does not allow you to publish.";
  return refusal(response, "The server refused");
}
