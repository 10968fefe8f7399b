package tapedeck.peers.webrtc;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.rtp.payload.Packetizer;

/// One track, cut into RTP payloads once for all who send it, over and over.
///
/// @param spanNanos from the first frame of one round to the first of the next
public record Feed(Codec codec, List<Picture> frames, long spanNanos) {
    /// With headers, extensions and SRTP's tag these become datagrams of 1,200 bytes.
    public static final int PAYLOAD_BYTES = 1_160;

    /// @param header in front of `body` in the payload
    record Payload(Bytes header, Bytes body, boolean marker) {
        int length() {
            return header.length() + body.length();
        }

        /// Returns where it ends.
        int write(byte[] to, int at) {
            header.copyTo(0, to, at, header.length());
            body.copyTo(0, to, at + header.length(), body.length());
            return at + length();
        }
    }

    /// A frame of video or audio.
    ///
    /// @param nanos since the round's first, in the order of decoding
    /// @param shownLaterNanos how far its timestamp is ahead of that
    public record Picture(Frame frame, long nanos, long shownLaterNanos, List<Payload> payloads) {
        int bytes() {
            return payloads.stream().mapToInt(Payload::length).sum();
        }
    }

    public Feed {
        frames = List.copyOf(frames);
    }

    /// Frames of one track in decoding order.
    public static Feed of(List<Frame> frames, long spanNanos) {
        return of(frames, spanNanos, PAYLOAD_BYTES);
    }

    public static Feed of(List<Frame> frames, long spanNanos, int payloadBytes) {
        Codec codec = frames.getFirst().track().codec();
        Packetizer packetizer = Packetizer.of(codec, payloadBytes);
        long first = frames.getFirst().dtsNanos();
        List<Picture> pictures = new ArrayList<>();
        for (Frame frame : frames) {
            List<Payload> payloads = new ArrayList<>();
            packetizer.packetize(frame, (header, body, marker) -> payloads.add(new Payload(header, body, marker)));
            pictures.add(new Picture(
                    frame, frame.dtsNanos() - first, frame.ptsNanos() - frame.dtsNanos(), List.copyOf(payloads)));
        }
        return new Feed(codec, pictures, spanNanos);
    }

    boolean video() {
        return codec instanceof Codec.Video;
    }

    int clockRateHz() {
        return video() ? 90_000 : 48_000;
    }

    double bitsPerSecond() {
        return frames.stream().mapToLong(Picture::bytes).sum() * 8e9 / spanNanos;
    }

    /// The same pictures, for a sender that makes no keyframe when it is asked.
    public Feed deaf() {
        return new Feed(
                codec,
                frames.stream()
                        .map(picture -> new Picture(
                                new Frame(
                                        picture.frame().track(),
                                        picture.frame().dtsNanos(),
                                        picture.frame().ptsNanos(),
                                        false,
                                        picture.frame().data()),
                                picture.nanos(),
                                picture.shownLaterNanos(),
                                picture.payloads()))
                        .toList(),
                spanNanos);
    }

    /// The same pictures, so many times as fast.
    public Feed faster(int times) {
        return new Feed(
                codec,
                frames.stream()
                        .map(picture -> new Picture(
                                picture.frame(),
                                picture.nanos() / times,
                                picture.shownLaterNanos() / times,
                                picture.payloads()))
                        .toList(),
                spanNanos / times);
    }

    /// The next keyframe from `index` on, in this round or the next; `index` itself if there is none at all.
    int keyframeFrom(int index) {
        for (int i = 0; i < frames.size(); i++) {
            int at = (index + i) % frames.size();
            if (frames.get(at).frame().keyframe()) {
                return at;
            }
        }
        return index;
    }
}
