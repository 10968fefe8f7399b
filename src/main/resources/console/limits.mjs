// How much of a recording the player of many takes into the memory of a page.

export const LIMITS = Object.freeze({
  /** Of an MP4. Larger ones stay where they are if the server has another way: 25 bytes a sample become of them here. */
  wholeIndexBytes: 32 << 20,
  /** Where it has none. */
  indexBytes: 512 << 20,
  /** Of what a Matroska file says of itself, each part of it. */
  masterBytes: 16 << 20,
  /** Of what is fetched at once, unless a single part is larger. */
  requestBytes: 16 << 20,
  /** Of all that is fetched to find a picture with which that of a time can be decoded: minutes of a call of eight. */
  backBytes: 96 << 20,
});
