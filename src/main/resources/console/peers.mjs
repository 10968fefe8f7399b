// How everybody who sends or gets a stream does, as the server sees it.
import {api} from "./api.mjs";
import {element, KeyedList, setText} from "./dom.mjs";
import * as words from "./words.mjs";

/** The numbers of one track, with their headings. */
const COLUMNS = [
  ["Codec", (t) => [words.codec(t.codec), t.width > 0 ? `${t.width} × ${t.height}` : "", t.layer].filter(Boolean).join(" ")],
  ["Bitrate", (t) => words.bitrate(t.bitrate)],
  ["Loss", (t) => `${t.lossPercent} %`],
  ["NACKs", (t) => words.number(t.nacks)],
  ["Recovered", (t) => words.number(t.recovered)],
  ["Keyframes asked", (t) => words.number(t.keyframeRequests)],
  ["Missing", (t) => words.number(t.missingFrames)],
  ["Freezes", (t) => (t.freezes > 0 ? `${words.number(t.freezes)} (${words.seconds(t.frozenMillis)})` : "0")],
  ["Jitter", (t) => `${t.jitterMillis} ms`],
];

function path(session) {
  if (!session.path) return "Not connected yet";
  const {transport, remote, protection, roundTripMillis, availableBitrate} = session.path;
  return [
    `${transport.toUpperCase()} ${remote}`, protection,
    roundTripMillis > 0 ? `RTT ${roundTripMillis} ms` : "",
    availableBitrate > 0 ? `path ${words.bitrate(availableBitrate)}` : "",
  ].filter(Boolean).join(" · ");
}

class PeerRow {
  constructor() {
    this.title = element("h3", {class: "name"});
    this.path = element("p", {class: "media"});
    this.body = element("tbody");
    const head = element("tr", {}, ...COLUMNS.map(([title]) => element("th", {scope: "col"}, title)));
    this.node = element("li", {class: "peer"}, this.title, this.path,
      element("div", {class: "scroll"}, element("table", {}, element("thead", {}, head), this.body)));
  }

  update(session) {
    setText(this.title, session.direction === "publishes" ? "Publisher" : "Viewer");
    setText(this.path, [words.protocol(session.protocol), path(session), words.duration(session.uptimeMillis)].join(" · "));
    while (this.body.rows.length > session.tracks.length) this.body.lastElementChild.remove();
    session.tracks.forEach((track, i) => {
      const row = this.body.rows[i] ?? this.body.appendChild(element("tr", {}, ...COLUMNS.map(() => element("td"))));
      COLUMNS.forEach(([, text], column) => setText(row.cells[column], text(track)));
    });
  }
}

/** One entry for each session of a stream, in a list of the page. */
export class PeerList {
  constructor(list) {
    this.rows = new KeyedList(list, (s) => s.sessionId, () => new PeerRow());
  }

  /** @returns how many there are now */
  async ask(name) {
    const sessions = await api.sessions(name);
    this.rows.update(sessions);
    return sessions.length;
  }

  clear() {
    this.rows.update([]);
  }
}
