package tapedeck.rtp;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.payload.RedPayload;

/// One remote media source, which is one track: packets in, whole frames out, feedback back.
///
/// ```
/// receive → (RTX unwrapped) → JitterBuffer → Depacketizer → PeerClock → Frame
///                                  └ NACK        └ PLI        └ SR
/// ```
/// Give packets with [#receive(RtpPacket, long)], then call [#poll(long, Consumer)] once for the batch, and
/// [#feedback(long, List)] when [#nextDeadlineNanos()] has come. Used by one thread.
public final class RtpReceiver {
    static final long REPORT_NANOS = 1_000_000_000L;
    /// A sender begins with a keyframe by itself; only if none came by then, it is asked.
    static final long FIRST_KEYFRAME_NANOS = 250_000_000L;
    /// Frames that wait for [PeerClock]; more are not held back.
    static final int MAX_HELD = 512;
    /// And so many bytes of them.
    static final long MAX_HELD_BYTES = 16 << 20;
    /// A source that was replaced does not come back.
    private static final int MAX_FORMER = 16;
    private static final int MAX_EARLY_REPORTS = 8;

    private static final long NONE = Long.MIN_VALUE;
    private static final int RTX_HEADER_BYTES = 2;
    private static final int VIDEO_CLOCK_HZ = 90_000;

    private final Options options;
    private final PeerClock peerClock;
    private final PayloadTypes types = new PayloadTypes();
    private final Depacketizer.Sink frameSink = this::whole;
    private final PayloadFormat preferred;
    private final int redType;
    private int redPlainType = -1;
    private final KeyframeRequests keyframeRequests;
    private final JitterBuffer jitterBuffer;
    private final TrackClock clock;
    private final DecodingOrder order = new DecodingOrder();
    private final Unwrapper timestamps = new Unwrapper(32);
    private final Deque<Long> former = new ArrayDeque<>();
    private final SequencedMap<Long, EarlyReport> earlyReports = new LinkedHashMap<>();
    private final Deque<Held> held = new ArrayDeque<>();
    private final Deque<Frame> due = new ArrayDeque<>();
    private long heldBytes;

    private long ssrc = NONE;
    private long rtxSsrc = NONE;
    private Reception reception;
    private @Nullable Depacketizer depacketizer;
    private int payloadType = -1;
    private @Nullable Track track;
    private long frameArrivalNanos;

    private long firstPacketNanos = NONE;
    private long lastReportNanos = NONE;

    private long packets;
    private long bytes;
    private long malformed;
    private long unknown;
    private long frames;
    private long keyframes;
    private long nacks;

    /// @param trackId of the frames
    /// @param localSsrc who the feedback comes from
    /// @param maxWaitNanos how long a missing packet is waited for at most
    public record Options(int trackId, long localSsrc, long maxWaitNanos) {
        /// For recording, where two seconds are cheap and a hole is for ever. Only a way of more than 200 ms there and
        /// back makes anybody wait so long.
        public static final long USUAL_MAX_WAIT_NANOS = 2_000_000_000L;

        public Options(int trackId, long localSsrc) {
            this(trackId, localSsrc, USUAL_MAX_WAIT_NANOS);
        }
    }

    /// @param unknown packets of a payload type that was not agreed on, or of a source that was replaced
    /// @param malformed packets whose payload cannot be what it claims to be
    /// @param recovered packets that came after they were asked for
    /// @param lost packets that never came in time
    /// @param missingFrames frames that came in part or not at all, or cannot be decoded because of that
    public record Statistics(
            long packets,
            long bytes,
            long unknown,
            long malformed,
            long duplicates,
            long late,
            long recovered,
            long lost,
            long frames,
            long keyframes,
            long missingFrames,
            long nacks,
            long keyframeRequests,
            long jitterNanos,
            long roundTripNanos) {}

    private record EarlyReport(Rtcp.SenderReport report, long arrivalNanos) {}

    private record Held(Codec codec, long ticks, boolean keyframe, Bytes data, long arrivalNanos) {}

    /// @param formats as agreed on in the answer: payload types that [Depacketizer#supports] and their `rtx`. What they
    /// say about feedback decides whether NACK, PLI or FIR is sent.
    public RtpReceiver(Options options, List<PayloadFormat> formats, PeerClock peerClock) {
        this.options = options;
        this.peerClock = peerClock;
        this.keyframeRequests = new KeyframeRequests(options.localSsrc());
        PayloadFormat first = null;
        for (PayloadFormat format : formats) {
            if (Depacketizer.supports(format)) {
                first = first == null ? format : first;
                // One track has one clock: an audio codec of another rate would need a track of its own.
                if (format.clockRateHz() == first.clockRateHz()) {
                    types.add(format, Depacketizer.of(format));
                }
            } else if (format.is("rtx")) {
                String apt = format.parameter("apt");
                if (apt != null && apt.matches("[0-9]{1,3}")) {
                    types.addRepair(format.payloadType(), Integer.parseInt(apt));
                }
            }
        }
        if (first == null) {
            throw new IllegalArgumentException("no payload type that can be received in " + formats);
        }
        preferred = first;
        redType = addRed(formats);
        clock = peerClock.track(first.clockRateHz(), first.clockRateHz() == VIDEO_CLOCK_HZ);
        reception = new Reception(first.clockRateHz());
        jitterBuffer =
                new JitterBuffer(first.feedback().contains("nack"), options.maxWaitNanos(), new JitterBuffer.Sink() {
                    @Override
                    public void packet(JitterBuffer.Packet packet) {
                        inOrder(packet);
                    }

                    @Override
                    public void lost(long count) {
                        RtpReceiver.this.lost(count);
                    }

                    @Override
                    public boolean needsKeyframe() {
                        return depacketizer != null && depacketizer.needsKeyframe();
                    }

                    @Override
                    public int repeats(JitterBuffer.Packet packet) {
                        return packet.payloadType() == redType ? RedPayload.repeats(packet.payload()) : 0;
                    }
                });
    }

    /// Redundancy of one of the formats, RFC 2198: `fmtp` names what the blocks are, the newest first.
    private int addRed(List<PayloadFormat> offered) {
        for (PayloadFormat red : offered) {
            String newest = red.parameters().split("/", 2)[0].strip();
            if (red.is("red") && newest.matches("[0-9]{1,3}")) {
                int type = Integer.parseInt(newest);
                PayloadFormat plain = types.format(type);
                Depacketizer target = types.depacketizer(type);
                if (plain != null && target != null && plain.clockRateHz() != VIDEO_CLOCK_HZ) {
                    types.add(red, Depacketizer.red(plain, target));
                    redPlainType = type;
                    return red.payloadType();
                }
            }
        }
        return -1;
    }

    /// Whether packets of this payload type belong here, repairs included.
    public boolean receives(int type) {
        return types.isKnown(type);
    }

    /// Whether packets of this payload type are repairs, RFC 4588.
    public boolean isRepair(int type) {
        return types.repaired(type) >= 0;
    }

    /// As far as answers to NACK tell it; 0 while there were none.
    public long roundTripNanos() {
        return jitterBuffer.recovered() == 0 ? 0 : jitterBuffer.roundTripNanos();
    }

    /// Packets that were found missing, whether they came later or not.
    public long missedPackets() {
        return jitterBuffer.recovered() + jitterBuffer.lost();
    }

    /// Packets that never came in time.
    public long lostPackets() {
        return jitterBuffer.lost();
    }

    /// Whether this source is the one that is received, or its repair.
    public boolean isSource(long other) {
        return other == ssrc || other == rtxSsrc;
    }

    /// @param packet over bytes that are lent: what has to wait is copied
    public void receive(RtpPacket packet, long arrivalNanos) {
        int type = packet.payloadType();
        int repaired = types.repaired(type);
        if (repaired >= 0) {
            repair(packet, repaired, arrivalNanos);
            return;
        }
        if (!types.isFormat(type) || !accept(packet.ssrc(), packet, arrivalNanos)) {
            unknown++;
            return;
        }
        packets++;
        bytes += packet.payloadLength();
        reception.received(packet.sequenceNumber(), packet.timestamp(), arrivalNanos);
        clock.arrived(timestamps.unwrapForward(packet.timestamp()), arrivalNanos);
        offer(packet, packet.sequenceNumber(), type, packet.payload(), arrivalNanos, false);
    }

    private void offer(
            RtpPacket packet, int sequenceNumber, int type, Bytes payload, long arrivalNanos, boolean repair) {
        Depacketizer target = types.depacketizer(type);
        boolean keyframe = target != null && target.beginsKeyframe(payload);
        jitterBuffer.offer(
                sequenceNumber,
                packet.timestamp(),
                packet.marker(),
                type,
                payload,
                arrivalNanos,
                JitterBuffer.Way.of(repair, keyframe));
    }

    /// RFC 4588 4: the original sequence number stands in front of the original payload.
    private void repair(RtpPacket packet, int type, long arrivalNanos) {
        if (ssrc == NONE || packet.payloadLength() < RTX_HEADER_BYTES) {
            return;
        }
        rtxSsrc = packet.ssrc();
        Bytes payload = packet.payload();
        offer(packet, payload.u16(0), type, payload.slice(RTX_HEADER_BYTES), arrivalNanos, true);
    }

    /// Whether this source is the one: a new one replaces the last, as when a browser restarts its camera.
    private boolean accept(long source, RtpPacket packet, long arrivalNanos) {
        if (source == ssrc) {
            return true;
        }
        if (former.contains(source)) {
            return false;
        }
        if (ssrc != NONE) {
            former.addLast(ssrc);
            if (former.size() > MAX_FORMER) {
                former.removeFirst();
            }
            jitterBuffer.restart();
            place();
            clock.restart();
            timestamps.reset();
            reception = new Reception(preferred.clockRateHz());
            lost(1);
        }
        ssrc = source;
        rtxSsrc = NONE;
        firstPacketNanos = arrivalNanos;
        EarlyReport early = earlyReports.remove(source);
        earlyReports.clear();
        if (early != null) {
            long ticks = timestamps.unwrapForward(packet.timestamp());
            clock.arrived(ticks, arrivalNanos);
            senderReport(early.report(), early.arrivalNanos());
        }
        return true;
    }

    /// A report of any source; those of others are ignored.
    public void senderReport(Rtcp.SenderReport report, long arrivalNanos) {
        if (report.ssrc() != ssrc) {
            if (ssrc == NONE && report.ntpTimestamp() != 0) {
                // Ours perhaps, which shows with the first packet; how late other tracks' reports were, it shows now.
                var _ = peerClock.report(report.ntpNanos(), arrivalNanos);
            }
            earlyReports.put(report.ssrc(), new EarlyReport(report, arrivalNanos));
            if (earlyReports.size() > MAX_EARLY_REPORTS) {
                earlyReports.pollFirstEntry();
            }
            return;
        }
        reception.senderReport(report.ntpTimestamp(), arrivalNanos);
        // RFC 3550 6.4.1: a sender without a wall clock says 0.
        if (report.ntpTimestamp() != 0) {
            PeerClock.Epoch epoch = peerClock.report(report.ntpNanos(), arrivalNanos);
            clock.report(timestamps.peek(report.rtpTimestamp()), report.ntpNanos(), epoch);
        }
    }

    /// The frames that are whole and in order by now.
    public void poll(long nowNanos, Consumer<Frame> out) {
        jitterBuffer.release(nowNanos);
        boolean full = held.size() > MAX_HELD || heldBytes > MAX_HELD_BYTES;
        if (!held.isEmpty() && (peerClock.ready(nowNanos) && !clock.isUndecided(nowNanos) || full)) {
            place();
        }
        for (Frame next = due.poll(); next != null; next = due.poll()) {
            out.accept(next);
        }
    }

    private void place() {
        heldBytes = 0;
        for (Held next = held.poll(); next != null; next = held.poll()) {
            due.add(frame(next));
        }
    }

    private Frame frame(Held next) {
        Track current = track;
        if (current == null || !current.codec().equals(next.codec())) {
            current = new Track(options.trackId(), next.codec());
            track = current;
            order.setCodec(next.codec());
        }
        long pts = clock.streamNanos(next.ticks(), next.arrivalNanos());
        long dts = order.dtsNanos(pts);
        return new Frame(current, dts, Math.max(dts, pts), next.keyframe(), next.data());
    }

    private void inOrder(JitterBuffer.Packet packet) {
        Depacketizer current = depacketizer(packet.payloadType());
        if (current == null) {
            return;
        }
        frameArrivalNanos = packet.arrivalNanos();
        try {
            long ticks = timestamps.peek(packet.timestamp());
            current.packet(packet.payload(), ticks, packet.marker(), frameSink);
        } catch (MalformedException _) {
            malformed++;
        }
    }

    private @Nullable Depacketizer depacketizer(int type) {
        if (type == payloadType) {
            return depacketizer;
        }
        Depacketizer next = types.depacketizer(type);
        if (next == null) {
            unknown++;
            return null;
        }
        boolean sameCodec = redType >= 0
                && Math.min(type, payloadType) == Math.min(redType, redPlainType)
                && Math.max(type, payloadType) == Math.max(redType, redPlainType);
        if (payloadType >= 0 && !sameCodec) {
            // Whatever the new one still holds is from before the other one.
            next.gap(1);
        }
        payloadType = type;
        depacketizer = next;
        return next;
    }

    private void lost(long count) {
        if (depacketizer != null) {
            depacketizer.gap(count);
        }
    }

    private void whole(Codec codec, long ticks, boolean keyframe, Bytes data) {
        frames++;
        if (keyframe) {
            keyframeRequests.answered();
            keyframes++;
        }
        held.add(new Held(codec, ticks, keyframe, data, frameArrivalNanos));
        heldBytes += data.length();
    }

    /// A reader needs an entry point.
    public void requestKeyframe() {
        keyframeRequests.want();
    }

    /// Adds what has to be sent to the peer now.
    public void feedback(long nowNanos, List<? super Rtcp> out) {
        if (ssrc == NONE) {
            return;
        }
        if (lastReportNanos == NONE || nowNanos - lastReportNanos >= REPORT_NANOS) {
            lastReportNanos = nowNanos;
            out.add(new Rtcp.ReceiverReport(options.localSsrc(), List.of(reception.report(ssrc, nowNanos))));
        }
        List<Integer> lost = new ArrayList<>(0);
        jitterBuffer.collectNacks(nowNanos, lost);
        if (!lost.isEmpty()) {
            nacks += lost.size();
            out.add(new Rtcp.Nack(options.localSsrc(), ssrc, lost));
        }
        if (nowNanos >= keyframeRequestNanos()) {
            PayloadFormat present = types.format(payloadType);
            List<String> feedback = (present == null ? preferred : present).feedback();
            Rtcp request = keyframeRequests.request(nowNanos, ssrc, feedback, packets);
            if (request != null) {
                out.add(request);
            }
        }
    }

    /// When a keyframe is to be asked for, or [Long#MAX_VALUE].
    private long keyframeRequestNanos() {
        Depacketizer current = depacketizer;
        boolean wanted = keyframeRequests.wanted();
        long due = Long.MAX_VALUE;
        if (!jitterBuffer.hasKeyframe() && (wanted || current != null && current.needsKeyframe())) {
            boolean atOnce = wanted || keyframes > 0 || current != null && current.missingFrames() > 0;
            due = atOnce ? firstPacketNanos : firstPacketNanos + FIRST_KEYFRAME_NANOS;
        } else if (preferred.clockRateHz() == VIDEO_CLOCK_HZ) {
            // It is there when what is missing is given up: dark is only what was missing.
            due = jitterBuffer.doubtNanos();
        }
        return keyframeRequests.nanos(due, packets, jitterBuffer.roundTripNanos());
    }

    /// When [#poll(long, Consumer)] and [#feedback(long, List)] have something to do at the latest even if no packet
    /// comes; [Long#MAX_VALUE] before the first packet. In the past if it is to be done at once.
    public long nextDeadlineNanos() {
        if (ssrc == NONE) {
            return Long.MAX_VALUE;
        }
        long report = lastReportNanos == NONE ? firstPacketNanos : lastReportNanos + REPORT_NANOS;
        return Math.min(Math.min(report, keyframeRequestNanos()), Math.min(jitterBuffer.askNanos(), nextPollNanos()));
    }

    /// The same where nothing is fed back, and so only [#poll(long, Consumer)] counts.
    public long nextPollNanos() {
        if (ssrc == NONE) {
            return Long.MAX_VALUE;
        }
        long deadline = jitterBuffer.releaseNanos();
        return held.isEmpty()
                ? deadline
                : Math.min(deadline, Math.max(peerClock.holdUntilNanos(), clock.decidedNanos()));
    }

    /// The track is over: the others of the peer no longer wait for it.
    public void close() {
        peerClock.remove(clock);
        held.clear();
        heldBytes = 0;
        due.clear();
    }

    /// Frames that came in part, or that cannot be decoded because of a loss; at least one for each loss.
    public long missingFrames() {
        // Redundancy and what it is of count together.
        return types.missingFrames(redType);
    }

    public Statistics statistics() {
        long missing = missingFrames();
        return new Statistics(
                packets,
                bytes,
                unknown,
                malformed,
                jitterBuffer.duplicates(),
                jitterBuffer.late(),
                jitterBuffer.recovered(),
                jitterBuffer.lost(),
                frames,
                keyframes,
                missing,
                nacks,
                keyframeRequests.count(),
                reception.jitterNanos(),
                jitterBuffer.roundTripNanos());
    }
}
