package tapedeck.protocol.rtmp;

/// How much came, and when the peer wants to hear of it: 5.4.3 and 5.4.4.
final class Acknowledgements {
    /// An acknowledgement is sent for no fewer bytes, however small the peer's window is.
    static final int MIN_BYTES = 64 * 1024;

    private long receivedBytes;
    private long acknowledgedBytes;
    private long everyBytes = RtmpReplies.WINDOW_BYTES / 2;

    void received(int bytes) {
        receivedBytes += bytes;
    }

    void window(long windowBytes) {
        everyBytes = Math.clamp(windowBytes / 2, MIN_BYTES, 1 << 30);
    }

    void acknowledge(RtmpReplies replies) {
        if (receivedBytes - acknowledgedBytes >= everyBytes) {
            acknowledgedBytes = receivedBytes;
            replies.acknowledgement(receivedBytes);
        }
    }
}
