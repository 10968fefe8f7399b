package tapedeck.container.matroska;

import tapedeck.bytes.Bytes;

/// One frame as a file holds it.
///
/// @param trackNumber the id of its track
/// @param ptsNanos presentation time; frames that were laced together share that of the first
/// @param keyframe as the file says
public record MatroskaBlock(int trackNumber, long ptsNanos, boolean keyframe, Bytes data) {}
