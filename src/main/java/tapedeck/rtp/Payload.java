package tapedeck.rtp;

import tapedeck.bytes.Bytes;

/// What one RTP packet carries, as all who watch a stream get it: mostly a few bytes and a slice of a frame.
public record Payload(Bytes header, Bytes body, boolean marker) {
    public int length() {
        return header.length() + body.length();
    }

    /// Writes it, and returns where it ends.
    int copyTo(byte[] target, int at) {
        header.copyTo(0, target, at, header.length());
        body.copyTo(0, target, at + header.length(), body.length());
        return at + length();
    }
}
