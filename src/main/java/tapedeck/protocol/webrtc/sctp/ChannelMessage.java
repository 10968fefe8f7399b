package tapedeck.protocol.webrtc.sctp;

import tapedeck.bytes.Bytes;

/// A message of a data channel.
///
/// @param kind as a browser tells a string from an ArrayBuffer
public record ChannelMessage(Kind kind, Bytes data) {
    public enum Kind {
        TEXT,
        BINARY
    }
}
