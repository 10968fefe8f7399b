package tapedeck.peers;

import java.util.Arrays;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;

/// Bytes that are somebody else's again as soon as they were looked at, as those of a socket's buffer are.
public final class Lent {
    private Lent() {}

    /// Whoever keeps them without a copy keeps rubbish.
    public static void to(Bytes bytes, Consumer<Bytes> taker) {
        byte[] array = bytes.toByteArray();
        try {
            taker.accept(Bytes.wrap(array));
        } finally {
            Arrays.fill(array, (byte) 0x5A);
        }
    }
}
