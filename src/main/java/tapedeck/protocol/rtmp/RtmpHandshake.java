package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.WrongProtocol;

/// The server's side of the handshake (RTMP specification 5.2): 1 + 1536 bytes in, 1 + 1536 + 1536 out, 1536 in.
///
/// ```
/// C1, S1:  time 4 · version 4 · 1528 random bytes            simple: S2 repeats C1, C2 repeats S1
/// complex: the version is not 0, and 32 of the random bytes are an HMAC of the others, at a place that four other
///          bytes name: scheme 0 in the first half (from 8), scheme 1 in the second (from 772)
/// ```
/// Clients that made a digest expect ours: FFmpeg checks it when it plays, librtmp and Flash too.
final class RtmpHandshake {
    static final int SIZE = 1536;

    private static final int VERSION = 3;
    private static final int ENCRYPTED_VERSION = 6;
    private static final int DIGEST_SIZE = 32;
    private static final int[] SCHEMES = {8, 772};
    /// First version of the server that makes digests.
    private static final byte[] SERVER_VERSION = {4, 5, 0, 1};

    private static final Bytes KEY_TAIL =
            Bytes.ofHex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae");
    private static final String CLIENT_KEY = "Genuine Adobe Flash Player 001";
    private static final String SERVER_KEY = "Genuine Adobe Flash Media Server 001";

    private final SecureRandom random;
    private final byte[] c1 = new byte[SIZE];
    private int received = -1;

    RtmpHandshake(SecureRandom random) {
        this.random = random;
    }

    /// Takes what it needs of `in`.
    ///
    /// @return S0, S1 and S2 once C1 is complete, else null
    /// @throws MalformedException at the first byte if this is no RTMP
    byte @Nullable [] receive(ByteBuf in) {
        if (received < 0 && in.isReadable()) {
            String name = name(in);
            int version = in.readUnsignedByte();
            if (version == ENCRYPTED_VERSION) {
                throw new MalformedException("RTMPE is not supported");
            }
            if (version != VERSION) {
                throw new MalformedException(
                        name == null
                                ? "no RTMP: first byte 0x%02x".formatted(version)
                                : "this is %s, not RTMP".formatted(name));
            }
            received = 0;
        }
        if (received < 0 || received >= SIZE) {
            return null;
        }
        int count = Math.min(SIZE - received, in.readableBytes());
        in.readBytes(c1, received, count);
        received += count;
        return received == SIZE ? answer() : null;
    }

    private static @Nullable String name(ByteBuf in) {
        byte[] first = new byte[Math.min(in.readableBytes(), WrongProtocol.HEAD_BYTES)];
        in.getBytes(in.readerIndex(), first);
        return WrongProtocol.name(Bytes.wrap(first));
    }

    /// Skips what there is of C2: nobody sends anything in it that is worth a check.
    ///
    /// @return whether the handshake is complete
    boolean receiveLast(ByteBuf in) {
        int count = Math.min(2 * SIZE - received, in.readableBytes());
        in.skipBytes(count);
        received += count;
        return received == 2 * SIZE;
    }

    private byte[] answer() {
        byte[] answer = new byte[1 + 2 * SIZE];
        byte[] s1 = new byte[SIZE];
        byte[] s2 = c1.clone();
        random.nextBytes(s1);
        Arrays.fill(s1, 0, 8, (byte) 0);
        int scheme = schemeOf(c1, key(CLIENT_KEY));
        if (scheme >= 0) {
            System.arraycopy(SERVER_VERSION, 0, s1, 4, 4);
            int at = digestOffset(s1, scheme);
            System.arraycopy(digest(key(SERVER_KEY), s1, at), 0, s1, at, DIGEST_SIZE);

            int c1Digest = digestOffset(c1, scheme);
            byte[] keyOfS2 = hmac(longKey(SERVER_KEY), c1, c1Digest, DIGEST_SIZE);
            random.nextBytes(s2);
            byte[] last = hmac(keyOfS2, s2, 0, SIZE - DIGEST_SIZE);
            System.arraycopy(last, 0, s2, SIZE - DIGEST_SIZE, DIGEST_SIZE);
        }
        answer[0] = VERSION;
        System.arraycopy(s1, 0, answer, 1, SIZE);
        System.arraycopy(s2, 0, answer, 1 + SIZE, SIZE);
        return answer;
    }

    /// The start of the half that holds a valid digest, or -1.
    static int schemeOf(byte[] packet, byte[] key) {
        if (packet[4] == 0 && packet[5] == 0 && packet[6] == 0 && packet[7] == 0) {
            return -1;
        }
        for (int scheme : SCHEMES) {
            int at = digestOffset(packet, scheme);
            if (Arrays.equals(digest(key, packet, at), Arrays.copyOfRange(packet, at, at + DIGEST_SIZE))) {
                return scheme;
            }
        }
        return -1;
    }

    static int digestOffset(byte[] packet, int scheme) {
        int sum = 0;
        for (int i = scheme; i < scheme + 4; i++) {
            sum += packet[i] & 0xFF;
        }
        return scheme + 4 + sum % 728;
    }

    /// The HMAC of everything around the digest.
    static byte[] digest(byte[] key, byte[] packet, int at) {
        byte[] around = new byte[packet.length - DIGEST_SIZE];
        System.arraycopy(packet, 0, around, 0, at);
        System.arraycopy(packet, at + DIGEST_SIZE, around, at, around.length - at);
        return hmac(key, around, 0, around.length);
    }

    static byte[] clientKey() {
        return key(CLIENT_KEY);
    }

    static byte[] serverKey() {
        return key(SERVER_KEY);
    }

    static byte[] longServerKey() {
        return longKey(SERVER_KEY);
    }

    static byte[] hmac(byte[] key, byte[] data, int offset, int length) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(data, offset, length);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    private static byte[] key(String text) {
        return Bytes.ofUtf8(text).toByteArray();
    }

    private static byte[] longKey(String text) {
        byte[] head = key(text);
        byte[] whole = Arrays.copyOf(head, head.length + KEY_TAIL.length());
        KEY_TAIL.copyTo(0, whole, head.length, KEY_TAIL.length());
        return whole;
    }
}
