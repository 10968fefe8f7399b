// A file of the server, in pieces.
import {Problem} from "./api.mjs";

export class RemoteFile {
  constructor(url) {
    this.url = url;
    this.size = Infinity;
  }

  /** @param to the first byte that is not wanted */
  async read(from, to, signal) {
    let response;
    try {
      response = await fetch(this.url, {
        headers: {Range: `bytes=${from}-${to - 1}`}, credentials: "same-origin", signal,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem("The server does not answer.", 0);
    }
    if (response.status !== 206) throw new Problem("The server does not give this file in pieces.", response.status);
    const said = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "");
    if (said) this.size = Number(said[1]);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** The JSON that is kept beside it; null if there is none. */
  async beside(suffix) {
    try {
      return JSON.parse(await this.text(suffix));
    } catch {
      return null;
    }
  }

  /** What the server has under its name with this behind it; null if that is nothing. */
  async text(suffix) {
    const response = await fetch(this.url + suffix, {credentials: "same-origin"});
    return response.ok ? response.text() : null;
  }
}
