// When each track of a recording of many is there, as the time line says that is kept beside it.

/** A stream that stops is seen for so long yet. */
const LINGER_SECONDS = 1;

/**
 * @param file [RemoteFile]
 * @returns {{at, until}[]} by the numbers of tracks; null where nothing says it
 */
export async function timeline(file, duration) {
  const said = await file.beside(".timeline.json");
  if (!Array.isArray(said?.events)) return null;
  const tracks = new Map();
  const open = new Map();
  const close = (id, at) => {
    open.get(id)?.segments.push({at: open.get(id).at, until: Math.min(duration, at)});
    open.delete(id);
  };
  const closeAll = (at, which) => {
    for (const [id, one] of [...open]) if (which(one)) close(id, at);
  };
  for (const {event, timeMs, trackId, trackType, mediaSessionId} of said.events) {
    const at = timeMs / 1000;
    const id = trackId + 1;
    if (event === "track" || event === "unmute") {
      // Another codec: of what was before it nothing comes any more.
      closeAll(at, ({whose, type}) => whose === mediaSessionId && type === trackType);
      if (!tracks.has(id)) tracks.set(id, []);
      open.set(id, {at, whose: mediaSessionId, type: trackType, segments: tracks.get(id)});
    } else if (event === "mute") {
      close(id, at + LINGER_SECONDS);
    } else if (event === "leave") {
      closeAll(at, ({whose}) => whose === mediaSessionId);
    }
  }
  closeAll(duration, () => true);
  return tracks;
}

/** The same as a track has them whose times are those of the recording; all the time where nothing is said. */
export function segmentsOf(said, id, timescale, duration) {
  return (said === null ? [{at: 0, until: duration}] : said.get(id) ?? [])
    .filter(({at, until}) => until > at)
    .map(({at, until}) => ({at, until, mediaTicks: Math.round(at * timescale)}));
}
