// Numbers and names as people read them.

const decimal = new Intl.NumberFormat("en", {maximumFractionDigits: 1, minimumFractionDigits: 1});
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
const day = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short"});
const dayOfYear = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short", year: "numeric"});

/** 75 → "1:15", 3700 → "1:01:40". */
export function duration(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const s = two(seconds % 60);
  return h > 0 ? `${h}:${two(m)}:${s}` : `${m}:${s}`;
}

/** For a screen reader: "1 minute 15 seconds". */
export function spokenDuration(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const parts = [[Math.floor(seconds / 3600), "hour"], [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"]];
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => counted(n, unit));
  return said.length > 0 ? said.join(" ") : "0 seconds";
}

export function counted(n, noun) {
  return `${whole.format(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** 12345 → "12,345". */
export function number(n) {
  return whole.format(n);
}

/** 30 → "30 ms", 1234 → "1.2 s". */
export function seconds(millis) {
  if (millis < 100) return `${whole.format(millis)} ms`;
  return millis < 60_000 ? `${decimal.format(millis / 1000)} s` : duration(millis);
}

export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? whole.format(value) : decimal.format(value)} ${units[unit]}`;
}

export function bitrate(bitsPerSecond) {
  return bitsPerSecond >= 1e6
    ? `${decimal.format(bitsPerSecond / 1e6)} Mbit/s`
    : `${whole.format(bitsPerSecond / 1e3)} kbit/s`;
}

/** "Today 14:03", "Yesterday 9:12", "3 Mar 09:12". */
export function when(millis, now = Date.now()) {
  const date = new Date(millis);
  const today = new Date(now);
  const startOfToday = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime();
  if (millis >= startOfToday) return `Today ${clock.format(date)}`;
  if (millis >= startOfToday - 86_400_000) return `Yesterday ${clock.format(date)}`;
  const named = date.getFullYear() === today.getFullYear() ? day : dayOfYear;
  return `${named.format(date)} ${clock.format(date)}`;
}

const CODECS = {H264: "H.264", H265: "H.265", opus: "Opus", PCMA: "G.711", PCMU: "G.711", G722: "G.722"};

export function codec(name) {
  return CODECS[name] ?? name;
}

const PROTOCOLS = {WEBRTC: "WebRTC", MPEGTS: "MPEG-TS", LIVEFLV: "FLV"};

export function protocol(name) {
  return PROTOCOLS[name] ?? name;
}

export function channels(count) {
  return count === 1 ? "mono" : count === 2 ? "stereo" : `${count} channels`;
}

function sampleRate(hz) {
  return `${hz % 1000 === 0 ? hz / 1000 : decimal.format(hz / 1000)} kHz`;
}

/** "H.264 1280 × 720". */
export function videoTrack(name, width, height) {
  return [codec(name), width > 0 ? `${width} × ${height}` : ""].filter(Boolean).join(" ");
}

/** "AAC 44.1 kHz stereo". */
export function audioTrack(name, hz, count) {
  return [codec(name), hz > 0 ? sampleRate(hz) : "", count > 0 ? channels(count) : ""].filter(Boolean).join(" ");
}
