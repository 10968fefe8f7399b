// Samples of a file that has an index of them all.

/** Holes between what is wanted of a file that are fetched along. */
const GAP_BYTES = 64 << 10;

export class Indexed {
  /** @param file [RemoteFile] */
  constructor(file) {
    this.file = file;
  }

  /** It says itself with which picture one has to begin. */
  async seek() {
    return [];
  }

  async reach() {}

  /**
   * Fetches the samples of some pieces, in as few requests as they lie together.
   *
   * @returns a function that gives what stands at a place of the file
   */
  async read(pieces, signal) {
    const wanted = [];
    for (const {feed: {track: {samples}}, part} of pieces) {
      for (let i = part.first; i < part.end; i++) wanted.push([samples.offset[i], samples.offset[i] + samples.size[i]]);
    }
    wanted.sort((a, b) => a[0] - b[0]);
    const ranges = [];
    for (const [from, to] of wanted) {
      const before = ranges.at(-1);
      if (before && from - before.to <= GAP_BYTES) before.to = Math.max(before.to, to);
      else ranges.push({from, to});
    }
    await Promise.all(ranges.map(async (range) => { range.bytes = await this.file.read(range.from, range.to, signal); }));
    return (at, size) => {
      const range = ranges.findLast(({from}) => from <= at);
      return range.bytes.subarray(at - range.from, at - range.from + size);
    };
  }

  forget() {}
}
