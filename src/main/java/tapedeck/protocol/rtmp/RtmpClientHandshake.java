package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// The client's side of the simple handshake (RTMP specification 5.2): 1 + 1536 bytes out, 1 + 1536 in, which go back,
/// 1536 in, which nobody looks at.
final class RtmpClientHandshake {
    private static final int VERSION = 3;

    private final byte[] s1 = new byte[RtmpHandshake.SIZE];
    private int received = -1;

    /// C0 and C1. A version of 0 says that there is no digest in it.
    static byte[] first(Random random) {
        byte[] bytes = new byte[1 + RtmpHandshake.SIZE];
        random.nextBytes(bytes);
        bytes[0] = VERSION;
        Arrays.fill(bytes, 1, 1 + 8, (byte) 0);
        return bytes;
    }

    /// Takes what it needs of `in`.
    ///
    /// @return C2 once S1 is complete, else null
    /// @throws MalformedException at the first byte if this is no RTMP
    byte @Nullable [] receive(ByteBuf in) {
        if (received < 0 && in.isReadable()) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new MalformedException("no RTMP: first byte 0x%02x".formatted(version));
            }
            received = 0;
        }
        if (received < 0 || received >= s1.length) {
            return null;
        }
        int count = Math.min(s1.length - received, in.readableBytes());
        in.readBytes(s1, received, count);
        received += count;
        return received == s1.length ? s1 : null;
    }

    /// Skips what there is of S2.
    ///
    /// @return whether the handshake is complete
    boolean receiveLast(ByteBuf in) {
        if (received < s1.length) {
            return false;
        }
        int count = Math.min(2 * s1.length - received, in.readableBytes());
        in.skipBytes(count);
        received += count;
        return received == 2 * s1.length;
    }
}
