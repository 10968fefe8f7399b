package tapedeck.media;

import tapedeck.bytes.Bytes;

/// One access unit or audio frame.
///
/// H.264 and H.265 are NAL units prefixed by their length in 4 bytes, without parameter sets that the codec already
/// holds unless the publisher sent them in band; AV1 is OBUs with sizes and without temporal delimiters; AAC is raw
/// (no ADTS); Opus is one packet.
///
/// @param dtsNanos decoding time in nanoseconds since the start of the stream, never smaller than the last of its track
/// @param ptsNanos presentation time on the same clock
/// @param keyframe for video, whether decoding can start here; always true for audio
public record Frame(Track track, long dtsNanos, long ptsNanos, boolean keyframe, Bytes data) {}
