package tapedeck.rtp;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// The header extensions of all packets of a source, RFC 8285 4.2. They take the same room in each packet, so that
/// packets of the same payload size are of the same size.
///
/// ```
/// BE DE  words | ID 1 number | ID n-1 mid | ID 2 abs-send-time | ID 0 orientation | fill
/// ```
public final class HeaderExtensions {
    /// RFC 8285 4.2: ids of the one-byte form.
    private static final int MAX_ID = 14;
    private static final int MAX_MID_BYTES = 16;

    private final int transportWideId;
    private final int absSendTimeId;
    private final int midId;
    private final Bytes mid;
    private final int orientationId;
    private int quarterTurns;
    private final int words;

    /// @param transportWide id of the transport-wide number
    /// @param absSendTime id of abs-send-time; it is left out beside transport-wide numbers
    /// @param midId id of the media section's name, RFC 9143 15
    public HeaderExtensions(
            OptionalInt transportWide, OptionalInt absSendTime, OptionalInt midId, @Nullable String mid) {
        this(transportWide, absSendTime, midId, mid, OptionalInt.empty());
    }

    /// @param orientation id of what says how the picture is turned, 3GPP TS 26.114 7.4.5
    public HeaderExtensions(
            OptionalInt transportWide,
            OptionalInt absSendTime,
            OptionalInt midId,
            @Nullable String mid,
            OptionalInt orientation) {
        this.transportWideId = usable(transportWide);
        this.absSendTimeId = transportWideId > 0 ? 0 : usable(absSendTime);
        Bytes name = mid == null ? Bytes.EMPTY : Bytes.ofUtf8(mid);
        this.midId = name.isEmpty() || name.length() > MAX_MID_BYTES ? 0 : usable(midId);
        this.mid = name;
        this.orientationId = usable(orientation);
        int size = (transportWideId > 0 ? 3 : 0)
                + (absSendTimeId > 0 ? 4 : 0)
                + (this.midId > 0 ? 1 + name.length() : 0)
                + (orientationId > 0 ? 2 : 0);
        this.words = (size + 3) / 4;
    }

    private static int usable(OptionalInt id) {
        return id.isPresent() && id.getAsInt() >= 1 && id.getAsInt() <= MAX_ID ? id.getAsInt() : 0;
    }

    /// Of the packets that are written from now on: what the viewer has to turn the picture by.
    public void rotate(int degrees) {
        quarterTurns = degrees / 90;
    }

    boolean isEmpty() {
        return words == 0;
    }

    /// Whether the peer can say which packets came when.
    public boolean transportWide() {
        return transportWideId > 0;
    }

    /// Writes all, and returns where they end.
    int write(byte[] target, int from, int transportSequence, long nowNanos) {
        if (words == 0) {
            return from;
        }
        int at = from;
        target[at++] = (byte) 0xBE;
        target[at++] = (byte) 0xDE;
        target[at++] = 0;
        target[at++] = (byte) words;
        int end = at + 4 * words;
        if (transportWideId > 0) {
            target[at++] = (byte) (transportWideId << 4 | 1);
            target[at++] = (byte) (transportSequence >> 8);
            target[at++] = (byte) transportSequence;
        }
        if (midId > 0) {
            target[at++] = (byte) (midId << 4 | mid.length() - 1);
            mid.copyTo(0, target, at, mid.length());
            at += mid.length();
        }
        if (absSendTimeId > 0) {
            // 24 bits: seconds in 6.18 fixed point.
            long time = (nowNanos / 1_000 << 18) / 1_000_000;
            target[at++] = (byte) (absSendTimeId << 4 | 2);
            target[at++] = (byte) (time >> 16);
            target[at++] = (byte) (time >> 8);
            target[at++] = (byte) time;
        }
        if (orientationId > 0) {
            target[at++] = (byte) (orientationId << 4);
            target[at++] = (byte) quarterTurns;
        }
        while (at < end) {
            target[at++] = 0;
        }
        return end;
    }
}
