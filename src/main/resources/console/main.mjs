// Asks the server every two seconds while somebody looks at the page.
import {api, Problem} from "./api.mjs";
import {camera} from "./camera.mjs";
import {prepare} from "./dialogs.mjs";
import {byId, setText, show} from "./dom.mjs";
import {publishHints} from "./publish.mjs";
import {recordings} from "./recordings.mjs";
import {liveStreams} from "./streams.mjs";
import {isOfMany} from "./together.mjs";
import * as words from "./words.mjs";

const POLL_MILLIS = 2000;
const NEWEST = 30;

prepare(byId("confirm"));
const updateStreams = liveStreams(refresh);
const catalogue = recordings(refresh);
const updateCamera = camera(refresh);
let timer = 0;
let running = Promise.resolve();

/** What the server has now. After a change, what was asked before it does not count: it is asked again. */
function refresh() {
  running = running.then(ask, ask);
  return running;
}

/** What the page shows of the recordings; what is newest, whatever the person looks at, for whoever waits for a file. */
async function askRecordings() {
  try {
    const shown = await api.recordings(catalogue.query());
    catalogue.render(shown, shown.recordings.some(isOfMany) ? await api.mixes() : []);
    catalogue.reachable(true);
    const newest = catalogue.filtered() ? await api.recordings({size: NEWEST}) : shown;
    return newest.recordings.filter((r) => r.url !== null);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 503) throw problem;
    catalogue.reachable(false);
    return [];
  }
}

async function ask() {
  try {
    const [health, streams, active] = await Promise.all([api.health(), api.streams(), api.activeRecordings()]);
    const finished = await askRecordings();
    publishHints(health.ports ?? []);
    updateStreams(streams);
    updateCamera(active, finished);
    const recording = active.some((r) => r.state === "RECORDING");
    byId("deck").classList.toggle("turning", recording);
    document.title = recording ? "● Tapedeck" : "Tapedeck";
    setText(byId("version"), `Tapedeck ${health.version ?? ""}`);
    reachable(true, uptime(health.uptimeSeconds ?? 0));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    reachable(false, "No answer");
    setText(byId("trouble"), `${problem.message} The page tries again by itself.`);
  }
}

function reachable(yes, text) {
  byId("server").classList.toggle("lost", !yes);
  setText(byId("server-text"), text);
  show(byId("trouble"), !yes);
  for (const id of ["live", "recordings"]) byId(id).classList.toggle("stale", !yes);
}

/** In minutes and more: something that changes every second is noise up there. */
function uptime(seconds) {
  if (seconds < 60) return "Just started";
  if (seconds < 3600) return "Up " + words.counted(Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return "Up " + words.counted(Math.floor(seconds / 3600), "hour");
  return "Up " + words.counted(Math.floor(seconds / 86_400), "day");
}

async function poll() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    await refresh();
  } finally {
    clearTimeout(timer);
    if (document.visibilityState === "visible") timer = setTimeout(poll, POLL_MILLIS);
  }
}

document.addEventListener("visibilitychange", poll);
poll();
