package tapedeck.rtp;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.BadPackets;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Frame;
import tapedeck.rtp.payload.PayloadFormat;

/// The tracks of one peer that sends RTP without WebRTC's agreements: packets and reports in, frames of all tracks on
/// one clock out. What a peer says of its packets beside them (`RTP-Info`) is not needed, and so cannot mislead.
///
/// Used by one thread. Give packets with [#receive], then call [#poll] once for the batch, and [#feedback] once a
/// second.
public final class RtpTracks {
    /// RFC 5761 4: where RTCP comes to the port of RTP, its types are told from payload types by this range.
    private static final int FIRST_RTCP_TYPE = 192;

    private static final int LAST_RTCP_TYPE = 223;

    private final PeerClock clock;
    private final Consumer<Frame> out;
    private final LongConsumer missed;
    private final List<Entry> entries = new ArrayList<>();
    private final BadPackets bad;
    private long lastMediaNanos;
    private boolean closed;

    private final class Entry {
        private final int index;
        private final RtpReceiver receiver;
        private final TrackGuard guard;
        private final @Nullable SenderLimit limit;
        private final Reports reports;
        private final MissedFrames missing = new MissedFrames();
        private final Consumer<Frame> whole = this::whole;
        private long reportedMissing;
        private boolean gone;

        Entry(int index, RtpReceiver receiver, @Nullable SenderLimit limit, Reports reports) {
            this.index = index;
            this.receiver = receiver;
            this.limit = limit;
            this.reports = reports;
            this.guard = new TrackGuard(out);
        }

        void poll(long nowNanos) {
            receiver.poll(nowNanos, whole);
        }

        long deadlineNanos() {
            return reports == Reports.SENT ? receiver.nextDeadlineNanos() : receiver.nextPollNanos();
        }

        private void whole(Frame frame) {
            missing.frame(frame.ptsNanos(), receiver.missingFrames(), receiver.lostPackets());
            tell();
            guard.write(frame);
        }

        void tell() {
            long total = missing.total();
            if (total > reportedMissing) {
                missed.accept(total - reportedMissing);
                reportedMissing = total;
            }
        }
    }

    /// Whether the peer of a track is told what came.
    public enum Reports {
        SENT,
        /// On a connection nothing is lost, and nobody who sends there asks how much: nobody wakes up for it either.
        NONE
    }

    /// Where reports go.
    @FunctionalInterface
    public interface Feedback {
        /// @param index of the track that they are about
        void send(int index, List<Rtcp> compound);
    }

    /// @param nowNanos time 0 of the frames
    /// @param roomNanos between that and the first frame
    /// @param source for the log
    /// @param out takes the frames
    /// @param missed takes the number of frames that were just found to be missing
    public RtpTracks(long nowNanos, long roomNanos, String source, Consumer<Frame> out, LongConsumer missed) {
        this.clock = PeerClock.ofServer(nowNanos, roomNanos);
        this.out = out;
        this.missed = missed;
        this.bad = new BadPackets(source);
        this.lastMediaNanos = nowNanos;
    }

    /// A track of which packets may come.
    ///
    /// @param index by which it is called from now on
    /// @param formats that are known
    public void add(int index, int trackId, List<PayloadFormat> formats, Reports reports) {
        long ssrc = ThreadLocalRandom.current().nextLong(1L << 32);
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(trackId, ssrc), formats, clock);
        entries.add(new Entry(index, receiver, SenderLimit.of(formats).orElse(null), reports));
    }

    /// A packet of a track; those of none are dropped, bad ones are counted.
    ///
    /// @param packet lent
    /// @param control whether it came where RTCP is expected
    public void receive(int index, boolean control, Bytes packet, long arrivalNanos) {
        Entry entry = entry(index);
        if (entry == null || closed) {
            return;
        }
        try {
            if (control || isControl(entry, packet)) {
                for (Rtcp rtcp : Rtcp.parse(packet)) {
                    control(entry, rtcp, arrivalNanos);
                }
            } else {
                RtpPacket media = RtpPacket.parse(packet);
                entry.receiver.receive(media, arrivalNanos);
                if (entry.limit != null && entry.receiver.isSource(media.ssrc())) {
                    entry.limit.received(media, arrivalNanos);
                }
                lastMediaNanos = arrivalNanos;
            }
        } catch (MalformedException e) {
            bad.count(e);
        }
    }

    private static boolean isControl(Entry entry, Bytes packet) {
        return packet.length() > 1
                && packet.u8(1) >= FIRST_RTCP_TYPE
                && packet.u8(1) <= LAST_RTCP_TYPE
                && !entry.receiver.receives(packet.u8(1) & 0x7F);
    }

    private static void control(Entry entry, Rtcp rtcp, long arrivalNanos) {
        if (rtcp instanceof Rtcp.SenderReport report) {
            entry.receiver.senderReport(report, arrivalNanos);
        } else if (rtcp instanceof Rtcp.Goodbye goodbye) {
            entry.gone |= goodbye.ssrcs().stream().anyMatch(entry.receiver::isSource);
        }
    }

    private @Nullable Entry entry(int index) {
        for (Entry entry : entries) {
            if (entry.index == index) {
                return entry;
            }
        }
        return null;
    }

    /// Hands on what is whole, and returns when to be called again at the latest.
    public long poll(long nowNanos) {
        long deadline = Long.MAX_VALUE;
        for (Entry entry : entries) {
            entry.poll(nowNanos);
            deadline = Math.min(deadline, entry.deadlineNanos());
        }
        return deadline;
    }

    /// Reports to the peer that are due, RFC 3550 6.4.2.
    public void feedback(long nowNanos, Feedback peer) {
        for (Entry entry : entries) {
            if (entry.reports == Reports.NONE) {
                continue;
            }
            List<Rtcp> compound = new ArrayList<>();
            entry.receiver.feedback(nowNanos, compound);
            if (entry.limit != null
                    && !compound.isEmpty()
                    && compound.getFirst() instanceof Rtcp.ReceiverReport report) {
                // RFC 3550 6.1: a report goes in front.
                compound.add(1, entry.limit.report(report.ssrc(), entry.receiver.missedPackets(), nowNanos));
            }
            if (!compound.isEmpty()) {
                peer.send(entry.index, compound);
            }
        }
    }

    /// Asks for entry points, as far as the peer has said that it understands how.
    public void requestKeyframe() {
        entries.forEach(entry -> entry.receiver.requestKeyframe());
    }

    /// When media came last; before the first packet when this began.
    public long lastMediaNanos() {
        return lastMediaNanos;
    }

    /// Whether the peer has said of every track that nothing comes any more, RFC 3550 6.6.
    public boolean isOver() {
        return !entries.isEmpty() && entries.stream().allMatch(entry -> entry.gone);
    }

    /// Packets of all tracks so far.
    public long packets() {
        return entries.stream()
                .mapToLong(entry -> entry.receiver.statistics().packets())
                .sum();
    }

    /// Frames that were left out: too large, or changing too often.
    public long refused() {
        return entries.stream().mapToLong(entry -> entry.guard.refused()).sum();
    }

    /// What still waited is handed on; nothing comes after that.
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Entry entry : entries) {
            entry.poll(Long.MAX_VALUE / 2);
            entry.missing.end(entry.receiver.missingFrames());
            entry.tell();
            entry.receiver.close();
        }
        bad.report();
    }
}
