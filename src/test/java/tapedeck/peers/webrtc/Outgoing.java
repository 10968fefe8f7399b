package tapedeck.peers.webrtc;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.Rtcp;

/// One SSRC of a publisher: where it is in its feed, and what it can repeat. On the fleet's thread, but for
/// [#sentFrames()].
final class Outgoing {
    /// A second of video at 3 Mbit/s; a browser keeps as long.
    private static final int KEPT = 512;
    /// A browser's pacer sends at 2.5 times the rate that it aims at.
    private static final double PACE = 2.5;
    private static final long REPORT_NANOS = 1_000_000_000L;
    private static final long NTP_EPOCH_SECONDS = 2_208_988_800L;
    private static final int HEADER_BYTES = 12;

    /// One RTP packet before its transport-wide number.
    record Packet(int type, int sequence, long timestamp, long ssrc, Feed.Payload payload) {
        /// Writes the plain packet and returns its length.
        ///
        /// @param mid 0 to 9
        int write(byte[] to, int mid, int transportSequence) {
            int at = header(to, type, sequence, timestamp, ssrc, payload.marker(), mid, transportSequence);
            return payload.write(to, at);
        }
    }

    private final Feed feed;
    private final double paceNanosPerByte;
    private final int payloadType;
    private final int mid;
    private final long ssrc;
    private final long firstTimestamp = ThreadLocalRandom.current().nextLong(1L << 32);
    /// What can be repeated, by sequence number modulo [#KEPT]; no objects, which would keep a collector busy.
    private final int[] keptSequences = new int[KEPT];

    private final long[] keptTimestamps = new long[KEPT];
    private final Feed.Payload[] keptPayloads = new Feed.Payload[KEPT];
    /// Where repeats are the same bytes again.
    private final byte[][] keptSealed = new byte[KEPT][];

    private int sequence = ThreadLocalRandom.current().nextInt(1 << 16);
    private int rtxSequence = ThreadLocalRandom.current().nextInt(1 << 16);
    private boolean rtx;
    private boolean accepted;

    /// When the round began that the cursor is in, on the fleet's clock.
    private long roundNanos;
    private int frame;
    private int payload;
    private long payloadDueNanos;
    private boolean keyframeWanted;
    private long firstNanos = Long.MIN_VALUE;
    private long nextReportNanos;
    private long packets;
    private long bytes;

    private int[] sentFrames = new int[1_024];
    private long[] sentNanos = new long[1_024];
    private int sentCount;

    Outgoing(Feed feed, int payloadType, int mid, long ssrc) {
        this.feed = feed;
        this.paceNanosPerByte = 8e9 / (feed.bitsPerSecond() * PACE);
        this.payloadType = payloadType;
        this.mid = mid;
        this.ssrc = ssrc;
    }

    long ssrc() {
        return ssrc;
    }

    int mid() {
        return mid;
    }

    boolean rtx() {
        return rtx;
    }

    void agreed(boolean sectionAccepted, boolean rtxAccepted) {
        accepted = sectionAccepted;
        rtx = rtxAccepted;
    }

    void start(long nowNanos, long agoNanos) {
        long into = agoNanos % feed.spanNanos();
        while (frame + 1 < feed.frames().size() && feed.frames().get(frame + 1).nanos() <= into) {
            frame++;
        }
        while (frame > 0 && !feed.frames().get(frame).frame().keyframe()) {
            frame--;
        }
        roundNanos = nowNanos - feed.frames().get(frame).nanos();
        payloadDueNanos = frameDue();
        nextReportNanos = nowNanos;
        firstNanos = nowNanos;
    }

    private long frameDue() {
        return roundNanos + feed.frames().get(frame).nanos();
    }

    /// Sends what is due. False if nothing is left of the frame that was begun.
    boolean pump(long nowNanos, boolean ends, BiConsumer<Outgoing, Packet> send) {
        while (accepted && payloadDueNanos <= nowNanos && !(ends && payload == 0)) {
            Feed.Picture picture = feed.frames().get(frame);
            Feed.Payload next = picture.payloads().get(payload);
            Packet packet =
                    new Packet(payloadType, sequence, timestamp(frameDue() + picture.shownLaterNanos()), ssrc, next);
            if (rtx) {
                keep(packet, null);
            }
            send.accept(this, packet);
            sequence = sequence + 1 & 0xFFFF;
            packets++;
            bytes += next.length();
            payloadDueNanos += (long) (next.length() * paceNanosPerByte);
            if (++payload == picture.payloads().size()) {
                sent(frame, frameDue());
                advance();
            }
        }
        return accepted && payload > 0;
    }

    private void advance() {
        payload = 0;
        long dueNow = frameDue();
        if (++frame == feed.frames().size()) {
            frame = 0;
            roundNanos += feed.spanNanos();
        }
        if (keyframeWanted) {
            keyframeWanted = false;
            long dueNext = frameDue();
            frame = feed.keyframeFrom(frame);
            roundNanos = dueNext - feed.frames().get(frame).nanos();
        }
        // A frame that took longer than its time delays the next, as a pacer's queue does.
        payloadDueNanos = Math.max(frameDue(), Math.min(payloadDueNanos, dueNow + feed.spanNanos()));
    }

    private long timestamp(long dueNanos) {
        return firstTimestamp + (dueNanos - firstNanos) / 1_000 * feed.clockRateHz() / 1_000_000 & 0xFFFF_FFFFL;
    }

    private synchronized void sent(int number, long dueNanos) {
        if (sentCount == sentFrames.length) {
            sentFrames = Arrays.copyOf(sentFrames, 2 * sentCount);
            sentNanos = Arrays.copyOf(sentNanos, 2 * sentCount);
        }
        sentFrames[sentCount] = number;
        sentNanos[sentCount++] = dueNanos - firstNanos;
    }

    synchronized int[] sentFrames() {
        return Arrays.copyOf(sentFrames, sentCount);
    }

    synchronized long[] sentNanos() {
        return Arrays.copyOf(sentNanos, sentCount);
    }

    void keyframeWanted() {
        keyframeWanted = true;
    }

    void keep(Packet packet, byte @Nullable [] sealed) {
        int at = packet.sequence() % KEPT;
        keptSequences[at] = packet.sequence();
        keptTimestamps[at] = packet.timestamp();
        keptPayloads[at] = packet.payload();
        keptSealed[at] = sealed;
    }

    boolean keeps(int number) {
        return keptPayloads[number % KEPT] != null && keptSequences[number % KEPT] == number;
    }

    /// What was sent under this number; null if repeats are RTX.
    byte @Nullable [] sealed(int number) {
        return keptSealed[number % KEPT];
    }

    /// RFC 4588 4: the original number in front of the payload. Returns the plain packet's length.
    int writeRepeat(int number, byte[] to, int transportSequence) {
        Feed.Payload again = keptPayloads[number % KEPT];
        int at = header(
                to,
                payloadType + 1,
                rtxSequence++ & 0xFFFF,
                keptTimestamps[number % KEPT],
                ssrc + 1,
                again.marker(),
                mid,
                transportSequence);
        put(to, at, 2, number);
        return again.write(to, at + 2);
    }

    /// A sender report each second, the first one at once.
    void report(long nowNanos, Consumer<Rtcp.SenderReport> send) {
        if (!accepted || nowNanos < nextReportNanos) {
            return;
        }
        nextReportNanos += REPORT_NANOS;
        long seconds = nowNanos / 1_000_000_000L + NTP_EPOCH_SECONDS;
        long fraction = ((nowNanos % 1_000_000_000L) << 32) / 1_000_000_000L;
        send.accept(new Rtcp.SenderReport(
                ssrc, seconds << 32 | fraction, timestamp(nowNanos), packets, bytes & 0xFFFF_FFFFL, List.of()));
    }

    /// RFC 3550 5.1 with the one-byte extensions of RFC 8285 4.2; returns where the payload begins.
    private static int header(
            byte[] to,
            int type,
            int sequence,
            long timestamp,
            long ssrc,
            boolean marker,
            int mid,
            int transportSequence) {
        to[0] = (byte) 0x90;
        to[1] = (byte) ((marker ? 0x80 : 0) | type);
        put(to, 2, 2, sequence);
        put(to, 4, 4, timestamp);
        put(to, 8, 4, ssrc);
        put(to, HEADER_BYTES, 4, 0xBEDE_0002L);
        to[16] = (byte) (Offers.TRANSPORT_WIDE_ID << 4 | 1);
        put(to, 17, 2, transportSequence);
        to[19] = (byte) (Offers.MID_ID << 4);
        to[20] = (byte) ('0' + mid);
        put(to, 21, 3, 0);
        return 24;
    }

    private static void put(byte[] to, int at, int count, long value) {
        for (int i = 0; i < count; i++) {
            to[at + i] = (byte) (value >> 8 * (count - 1 - i));
        }
    }
}
