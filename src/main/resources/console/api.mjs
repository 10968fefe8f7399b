// The server's REST calls, and what went wrong in words.

const TIMEOUT_MILLIS = 10_000;

/** What the page shows to a person. */
export class Problem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: {"X-Tapedeck-Console": "1", ...options.headers},
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MILLIS),
    });
  } catch {
    throw new Problem("The server does not answer.", 0);
  }
  if (response.status === 401) {
    // The session has ended: the server shows its login page instead of this one.
    location.reload();
    throw new Problem("Please log in again.", 401);
  }
  if (!response.ok) {
    throw new Problem(await reason(response), response.status);
  }
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

async function reason(response) {
  try {
    const said = (await response.json()).error;
    return said.charAt(0).toUpperCase() + said.slice(1) + ".";
  } catch {
    return `The server answered ${response.status}.`;
  }
}

function call(path, body = {}) {
  return request(`/rest-api/${path}`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body),
  });
}

export const api = {
  streams: () => call("stream/find_all"),
  activeRecordings: () => call("recorder/find_all"),
  /** @param query q, state, sort, page, size */
  recordings: (query) => request(`/recordings?${new URLSearchParams(query)}`, {method: "GET"}),
  /** What the queue of mixes has, the youngest first; nothing if it cannot say. */
  mixes: async () => {
    try {
      return await call("offlineMixer/find_all");
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status === 0) throw problem;
      return [];
    }
  },
  deleteRecording: (id) => request(`/recordings/${encodeURIComponent(id)}`, {method: "DELETE"}),
  /** How each peer of a stream does. */
  sessions: (stream) => request(`/sessions?${new URLSearchParams({stream})}`, {method: "GET"}),
  health: () => request("/health", {method: "GET"}),
  startRecording: (mediaSessionId) => call("stream/startRecording", {mediaSessionId}),
  stopRecording: (mediaSessionId) => call("stream/stopRecording", {mediaSessionId}),
  endStream: (mediaSessionId) => call("stream/terminate", {mediaSessionId}),
  signedLink: (fileName, seconds) => call("recording/sign", {fileName, seconds}),
};
