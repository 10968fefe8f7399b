package tapedeck.rtp.sdp;

import org.jspecify.annotations.Nullable;

/// A section of data channels, RFC 8841: SCTP over DTLS.
///
/// @param sctpPort `a=sctp-port`
/// @param maxMessageBytes `a=max-message-size`: the longest message that its writer takes, 0 for any
public record DataSection(int sctpPort, int maxMessageBytes) {
    /// RFC 8841 6.1: where nothing is said.
    public static final int DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024;

    private static final int DEFAULT_SCTP_PORT = 5_000;
    private static final String FORMAT = "webrtc-datachannel";

    /// Null if the section is none, or one that its writer rejects.
    ///
    /// @throws tapedeck.bytes.MalformedException if its attributes cannot be read
    public static @Nullable DataSection of(MediaDescription section) {
        boolean data = section.type().equals("application")
                && (section.protocol().equals("UDP/DTLS/SCTP")
                        || section.protocol().equals("TCP/DTLS/SCTP"))
                && section.formats().contains(FORMAT);
        if (!data || section.rejected()) {
            return null;
        }
        String port = section.attribute("sctp-port");
        String size = section.attribute("max-message-size");
        return new DataSection(
                port == null ? DEFAULT_SCTP_PORT : (int) SdpParser.number(port.strip(), 65_535, "sctp-port"),
                size == null
                        ? DEFAULT_MAX_MESSAGE_BYTES
                        : (int) Math.min(
                                SdpParser.number(size.strip(), 999_999_999_999L, "max-message-size"),
                                Integer.MAX_VALUE));
    }
}
