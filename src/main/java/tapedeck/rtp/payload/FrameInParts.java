package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A frame of sound that is too large for one packet, and says how large it is. Counts those that are missing.
final class FrameInParts {
    private final String codecName;
    private byte[] frame = new byte[0];
    private int sizeBytes;
    private long timestamp;
    private long missingFrames;

    FrameInParts(String codecName) {
        this.codecName = codecName;
    }

    /// The first part follows.
    void begin(int wholeBytes, long newTimestamp) {
        frame = new byte[wholeBytes];
        sizeBytes = 0;
        timestamp = newTimestamp;
    }

    /// Whether a frame of this time has begun.
    boolean isOf(long otherTimestamp) {
        return sizeBytes > 0 && timestamp == otherTimestamp;
    }

    /// What has come of it.
    int sizeBytes() {
        return sizeBytes;
    }

    int wholeBytes() {
        return frame.length;
    }

    /// Returns the frame once it is whole, and nothing before.
    Bytes add(Bytes part) {
        if (part.length() > frame.length - sizeBytes) {
            throw new MalformedException("%s: more than the %d bytes of a frame".formatted(codecName, frame.length));
        }
        part.copyTo(0, frame, sizeBytes, part.length());
        sizeBytes += part.length();
        if (sizeBytes < frame.length) {
            return Bytes.EMPTY;
        }
        Bytes whole = Bytes.wrap(frame);
        forget();
        return whole;
    }

    /// The rest will not come: that frame is missing, if one had begun.
    void drop() {
        missingFrames += sizeBytes > 0 ? 1 : 0;
        forget();
    }

    /// A packet cannot be read, and no other one goes on behind it.
    void damaged() {
        missingFrames++;
        drop();
    }

    /// Packets are lost. What has come of a frame is one of those that they were parts of.
    void gap(long packets) {
        missingFrames += packets;
        forget();
    }

    private void forget() {
        frame = new byte[0];
        sizeBytes = 0;
    }

    /// Of the whole stream so far.
    long missingFrames() {
        return missingFrames;
    }
}
