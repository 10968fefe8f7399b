package tapedeck.rtp.sdp;

import tapedeck.bytes.MalformedException;

/// An ICE candidate, RFC 8839 5.1.
///
/// @param transport `udp` or `tcp`, in lower case
/// @param address an IP address or a host name, mDNS ones included
/// @param type `host`, `srflx`, `prflx` or `relay`
/// @param tcpType `passive`, `active` or `so`, RFC 6544 4.5; "" for UDP
public record Candidate(
        String foundation,
        int component,
        String transport,
        long priority,
        String address,
        int port,
        String type,
        String tcpType) {
    private static final int FIXED_WORDS = 8;
    private static final int MAX_WORDS = 64;

    /// Reads the value behind `candidate:`. Extensions that nobody here uses are skipped.
    public static Candidate parse(String value) {
        String[] words = value.strip().split(" +", MAX_WORDS + 1);
        if (words.length < FIXED_WORDS || words.length > MAX_WORDS || !words[6].equals("typ")) {
            throw new MalformedException("candidate: " + value.substring(0, Math.min(value.length(), 100)));
        }
        String tcpType = "";
        for (int i = FIXED_WORDS; i + 1 < words.length; i += 2) {
            if (words[i].equals("tcptype")) {
                tcpType = words[i + 1];
            }
        }
        return new Candidate(
                words[0],
                (int) SdpParser.number(words[1], 256, "candidate component"),
                words[2].toLowerCase(java.util.Locale.ROOT),
                SdpParser.number(words[3], 0xFFFF_FFFFL, "candidate priority"),
                words[4],
                (int) SdpParser.number(words[5], 65_535, "candidate port"),
                words[7],
                tcpType);
    }

    @Override
    public String toString() {
        String text =
                "%s %d %s %d %s %d typ %s".formatted(foundation, component, transport, priority, address, port, type);
        return tcpType.isEmpty() ? text : text + " tcptype " + tcpType;
    }
}
