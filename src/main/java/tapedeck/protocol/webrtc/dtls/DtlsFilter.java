package tapedeck.protocol.webrtc.dtls;

import tapedeck.bytes.Bytes;

/// What a datagram must look like before the DTLS library may see it.
///
/// Bouncy Castle up to 1.84 believes the 24-bit length in a handshake fragment's header and allocates that much for
/// each message number, before anything is authenticated (CVE-2026-59646: one datagram of 205 bytes costs 256 MiB).
/// Other libraries ran in circles on fragments without content. So every datagram is walked here first and dropped
/// whole when a length lies. What this side cannot read (encrypted records) passes: it is authenticated by its cipher.
///
/// One more thing is kept from the library: a ChangeCipherSpec that overtakes the CertificateVerify before it. It would
/// switch to the new epoch at once and never read the retransmission of what is missing.
///
/// ```
/// record:   type (8) | version (16) | epoch (16) | sequence (48) | length (16) | fragment …      RFC 6347 4.1
/// fragment: type (8) | length (24) | message_seq (16) | offset (24) | length (24) | bytes …      RFC 6347 4.2.2
/// ```
public final class DtlsFilter {
    /// The longest handshake message: a chain of a few certificates; browsers' largest is a ClientHello of 1.6 KB.
    static final int MAX_MESSAGE_BYTES = 16 * 1024;
    static final int MAX_RECORDS_PER_DATAGRAM = 16;
    static final int MAX_FRAGMENTS_PER_DATAGRAM = 16;
    /// A full handshake of a client has 5 messages; a second ClientHello makes 6.
    static final int MAX_MESSAGE_SEQ = 15;
    /// RFC 6347 4.1: 2^14 bytes of plaintext and at most 2^11 more of cipher overhead.
    static final int MAX_RECORD_BYTES = (1 << 14) + (1 << 11);

    static final int CHANGE_CIPHER_SPEC = 20;
    static final int ALERT = 21;
    public static final int HANDSHAKE = 22;
    static final int APPLICATION_DATA = 23;

    private static final int RECORD_HEADER_BYTES = 13;
    private static final int FRAGMENT_HEADER_BYTES = 12;

    /// Handshake type of CertificateVerify, RFC 5246 7.4.
    private static final int CERTIFICATE_VERIFY = 15;

    private int verifyBytes;
    /// A server sends no CertificateVerify: nothing can be overtaken.
    private boolean verifyWhole;

    /// @param sender of the datagrams
    DtlsFilter(DtlsPeer.Side sender) {
        verifyWhole = sender == DtlsPeer.Side.SERVER;
    }

    /// Whether the datagram may pass. A plain alert may not: anybody can send one, and it would end a handshake that
    /// is going well.
    boolean passes(Bytes datagram) {
        int records = 0;
        int inDatagram = 0;
        int at = 0;
        while (at < datagram.length()) {
            if (datagram.length() - at < RECORD_HEADER_BYTES || ++records > MAX_RECORDS_PER_DATAGRAM) {
                return false;
            }
            int type = datagram.u8(at);
            int epoch = datagram.u16(at + 3);
            int length = datagram.u16(at + 11);
            int from = at + RECORD_HEADER_BYTES;
            if (length == 0 || length > MAX_RECORD_BYTES || length > datagram.length() - from) {
                return false;
            }
            at = from + length;
            if (datagram.u8(from - RECORD_HEADER_BYTES + 1) != 0xFE) {
                return false;
            }
            boolean fine = switch (type) {
                case HANDSHAKE -> {
                    if (epoch > 0) {
                        yield true;
                    }
                    int count = countFragments(datagram, from, at);
                    inDatagram += count;
                    yield count > 0 && inDatagram <= MAX_FRAGMENTS_PER_DATAGRAM;
                }
                case CHANGE_CIPHER_SPEC -> length == 1 && verifyWhole;
                case ALERT, APPLICATION_DATA -> epoch > 0;
                default -> false;
            };
            if (!fine) {
                return false;
            }
        }
        return records > 0;
    }

    /// How many handshake fragments lie in `[from, to)`, or -1 where one lies.
    private int countFragments(Bytes datagram, int from, int to) {
        int count = 0;
        int at = from;
        while (at < to) {
            if (to - at < FRAGMENT_HEADER_BYTES) {
                return -1;
            }
            int messageLength = datagram.u24(at + 1);
            int messageSeq = datagram.u16(at + 4);
            int offset = datagram.u24(at + 6);
            int length = datagram.u24(at + 9);
            at += FRAGMENT_HEADER_BYTES;
            boolean empty = length == 0 && messageLength > 0;
            if (empty
                    || messageLength > MAX_MESSAGE_BYTES
                    || messageSeq > MAX_MESSAGE_SEQ
                    || offset + length > messageLength
                    || length > to - at) {
                return -1;
            }
            if (datagram.u8(at - FRAGMENT_HEADER_BYTES) == CERTIFICATE_VERIFY && offset <= verifyBytes) {
                verifyBytes = Math.max(verifyBytes, offset + length);
                verifyWhole |= verifyBytes == messageLength;
            }
            at += length;
            count++;
        }
        return count;
    }
}
