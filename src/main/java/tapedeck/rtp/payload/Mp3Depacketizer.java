package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.mp3.Mp3Header;
import tapedeck.media.Codec;

/// MPEG audio, RFC 2250 3.5: whole frames behind a header of four bytes, or one frame in parts.
///
/// ```
/// | MBZ (16) | Frag_offset (16) | frame × n  or  a part of one |
/// ```
final class Mp3Depacketizer implements Depacketizer {
    /// RFC 2250 2: the clock is 90 kHz whatever the sound's rate is.
    static final int CLOCK_RATE_HZ = 90_000;

    private static final int HEADER_BYTES = 4;

    private final FrameInParts part = new FrameInParts("MP3");

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (payload.isEmpty()) {
            return;
        }
        try {
            if (payload.length() <= HEADER_BYTES) {
                throw new MalformedException("MP3: packet of %d bytes".formatted(payload.length()));
            }
            int offset = payload.u16(2);
            Bytes body = payload.slice(HEADER_BYTES);
            if (offset > 0) {
                rest(body, offset, timestamp, sink);
            } else {
                frames(body, timestamp, sink);
            }
        } catch (MalformedException e) {
            part.damaged();
            throw e;
        }
    }

    private void frames(Bytes body, long timestamp, Sink sink) {
        part.drop();
        long ticks = 0;
        for (int at = 0; at < body.length(); ) {
            Mp3Header header = header(body.slice(at));
            int left = body.length() - at;
            if (header.frameBytes() > left) {
                if (at > 0) {
                    throw new MalformedException(
                            "MP3: frame of %d bytes, %d there".formatted(header.frameBytes(), left));
                }
                part.begin(header.frameBytes(), timestamp);
                part.add(body);
                return;
            }
            Bytes frame = body.slice(at, at + header.frameBytes());
            emit(header, timestamp + ticks, frame.copy(), sink);
            at += header.frameBytes();
            ticks += (long) header.samples() * CLOCK_RATE_HZ / header.sampleRateHz();
        }
    }

    private void rest(Bytes body, int offset, long timestamp, Sink sink) {
        if (!part.isOf(timestamp) || offset != part.sizeBytes()) {
            // Its beginning is lost, which was counted as a gap.
            part.drop();
            return;
        }
        Bytes whole = part.add(body);
        if (!whole.isEmpty()) {
            emit(header(whole), timestamp, whole, sink);
        }
    }

    private static Mp3Header header(Bytes frame) {
        Mp3Header header = Mp3Header.parse(frame);
        if (header.frameBytes() <= Mp3Header.BYTES) {
            throw new MalformedException("MP3: free format");
        }
        return header;
    }

    private static void emit(Mp3Header header, long timestamp, Bytes frame, Sink sink) {
        sink.frame(new Codec.Mp3(header.sampleRateHz(), header.channels()), timestamp, true, frame);
    }

    @Override
    public void gap(long packets) {
        part.gap(packets);
    }

    @Override
    public long missingFrames() {
        return part.missingFrames();
    }
}
