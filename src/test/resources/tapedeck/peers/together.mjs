// Plays a recording of many in the console's own player, and says what was seen when.
import {byId} from "./dom.mjs";
import {playTogether, prepareTogether} from "./together.mjs";

const LOOK_MILLIS = 200;
/** An element that has just begun may still be finding its place. */
const SETTLED_MILLIS = 1200;
const RECENT_MILLIS = 150;
const BRIGHT = 128;

const report = {problem: "", clocks: [], pictures: [], flashes: [], joined: [], flashSpread: []};
const canvas = new OffscreenCanvas(8, 8).getContext("2d", {willReadFrequently: true});
const known = new Map();
const flashesAt = [];

/** Whose the element is: guest0, guest1 … */
function guest(media) {
  return Number(media.getAttribute("aria-label").replace("guest", ""));
}

function watchFrames(video, state) {
  const shown = (now, {expectedDisplayTime, mediaTime}) => {
    state.shown = {at: performance.now(), offset: expectedDisplayTime / 1000 - mediaTime};
    canvas.drawImage(video, 0, 0, 8, 8);
    const {data} = canvas.getImageData(0, 0, 8, 8);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i];
    const bright = sum / (data.length / 4) > BRIGHT;
    if (bright && !state.bright && state.playingFor > SETTLED_MILLIS) flashed(guest(video), expectedDisplayTime / 1000);
    state.bright = bright;
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
}

function flashed(who, seconds) {
  (report.flashes[who] ??= []).push(seconds);
  const together = flashesAt.findLast(({at}) => Math.abs(at - seconds) < 0.5);
  if (together) together.all.push(seconds);
  else flashesAt.push({at: seconds, all: [seconds]});
}

function look() {
  const now = performance.now();
  const clocks = [];
  const offsets = [];
  const position = Number(byId("together-seek").value);
  for (const media of document.querySelectorAll("#together video, #together audio")) {
    if (!known.has(media)) {
      // Where there is no sound card, Firefox fails to play what is not muted.
      media.muted = true;
      known.set(media, {playingFor: 0, since: null, bright: false});
      if (media.localName === "video") watchFrames(media, known.get(media));
    }
    const state = known.get(media);
    if (media.paused || media.seeking || media.readyState < 3) state.since = null;
    else state.since ??= now;
    if (state.since !== null && media.localName === "video") report.joined[guest(media)] ??= position;
    state.playingFor = state.since === null ? 0 : now - state.since;
    if (state.playingFor > SETTLED_MILLIS) {
      clocks.push(media.currentTime);
      if (state.shown && now - state.shown.at < RECENT_MILLIS) offsets.push(state.shown.offset);
    }
  }
  if (clocks.length > 1) report.clocks.push(Math.max(...clocks) - Math.min(...clocks));
  if (offsets.length > 1) report.pictures.push(Math.max(...offsets) - Math.min(...offsets));
  const problem = byId("together-problem");
  if (!problem.hidden) report.problem = problem.textContent;
  const over = byId("together-play").textContent === "Play" && position > 0;
  if (!over && report.problem === "") return;
  clearInterval(looking);
  report.flashSpread = flashesAt.filter(({all}) => all.length > 1).map(({all}) => Math.max(...all) - Math.min(...all));
  fetch("/report", {method: "POST", body: JSON.stringify(report)});
}

prepareTogether();
const file = new URLSearchParams(location.search).get("file");
playTogether({fileName: file, url: `/${file}`});
const looking = setInterval(look, LOOK_MILLIS);
