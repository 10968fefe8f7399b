package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;

/// Cuts one run of bytes into as few payloads as possible, all of the same size but the last, which is shorter.
final class EqualParts {
    private EqualParts() {}

    /// What stands in front of each part.
    ///
    /// @param first of the first part (and of the only one, if `only` is null)
    /// @param last of the last part, as long as `middle`
    record Headers(Bytes first, Bytes middle, Bytes last, Bytes only) {}

    /// @param body at least one byte
    /// @param marks whether the last part gets the marker
    static void cut(Bytes body, Headers headers, int maxPayloadBytes, boolean marks, Packetizer.Output out) {
        int payloadBytes = payloadBytes(
                body.length(), headers.first().length(), headers.middle().length(), maxPayloadBytes);
        Bytes header = headers.first();
        for (int at = 0; at < body.length(); ) {
            int to = Math.min(body.length(), at + payloadBytes - header.length());
            boolean ends = to == body.length();
            if (ends) {
                header = at == 0 ? headers.only() : headers.last();
            }
            out.payload(header, body.slice(at, to), marks && ends);
            header = headers.middle();
            at = to;
        }
    }

    /// The size of all payloads but the last.
    static int payloadBytes(int bodyBytes, int firstHeaderBytes, int headerBytes, int maxPayloadBytes) {
        // What the first header has more than the others is like body that comes first.
        int rest = bodyBytes + firstHeaderBytes - headerBytes;
        int parts = Math.ceilDiv(rest, maxPayloadBytes - headerBytes);
        return Math.ceilDiv(rest, parts) + headerBytes;
    }
}
