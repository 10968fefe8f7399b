package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// How the picture of one source is turned, as its packets say (3GPP TS 26.114 7.4.5): the last one of each keyframe,
/// and those of any picture that is turned otherwise than the one before. A track is turned from a keyframe on only, so
/// that a file or a viewer can begin with it: between the two the picture stands as it stood.
///
/// ```
/// | 0 0 0 0 C F R1 R0 |   quarter turns clockwise; the camera (C) and mirrored pictures (F) change nothing here
/// ```
final class Orientation {
    private long ssrc = -1;
    private long timestamp;
    private int said;
    private int degrees;
    private @Nullable Track plain;
    private @Nullable Track turned;

    /// What a packet says, in any order of packets; true if a keyframe is needed for it to be so.
    ///
    /// @param value of the header extension, or null
    boolean said(@Nullable Bytes value, long packetSsrc, long packetTimestamp) {
        if (value == null || value.isEmpty()) {
            return false;
        }
        if (packetSsrc == ssrc && (int) (packetTimestamp - timestamp) < 0) {
            // Repeated, or overtaken.
            return false;
        }
        ssrc = packetSsrc;
        timestamp = packetTimestamp;
        int before = said;
        said = 90 * (value.u8(0) & 3);
        return said != before;
    }

    /// The frame on the track as it is turned.
    @SuppressWarnings("ReferenceEquality") // one instance comes with nearly every frame; equal ones may be replaced
    Frame turn(Frame frame) {
        if (frame.keyframe()) {
            degrees = said;
        }
        if (degrees == 0) {
            return frame;
        }
        Track track = turned;
        if (track == null || frame.track() != plain || track.rotationDegrees() != degrees) {
            plain = frame.track();
            track = new Track(plain.id(), plain.codec(), degrees);
            turned = track;
        }
        return new Frame(track, frame.dtsNanos(), frame.ptsNanos(), frame.keyframe(), frame.data());
    }
}
