package tapedeck.protocol.webrtc.sctp;

import tapedeck.bytes.Bytes;

/// What an association tells. Called inside the calls of [SctpAssociation], which may be called again from here.
public interface SctpEvents {
    /// A packet for the peer.
    void send(Bytes packet);

    /// Channels can be opened from now on.
    void opened();

    /// The peer opened a channel, or took the one that we opened.
    void channelOpened(DataChannel channel);

    void message(DataChannel channel, ChannelMessage message);

    /// Once for each channel that was opened, but not when the whole association ends.
    void channelClosed(DataChannel channel, String reason);

    /// Once, as the last.
    void ended(String reason);
}
