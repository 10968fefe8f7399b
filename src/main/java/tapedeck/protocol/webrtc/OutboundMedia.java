package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.Payload;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpSender;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpSender;

/// What one viewer gets: frames become packets at a pace that its path carries, what was lost is sent again, and
/// reports put sound and picture on one clock.
final class OutboundMedia {
    static final long REPORT_NANOS = 1_000_000_000L;
    /// A viewer that says again that it has lost the picture, or still waits for one, is heard this often.
    static final long RESTART_NANOS = 1_000_000_000L;
    /// What may wait for its turn. A viewer's delay grows by no more.
    static final long MAX_BACKLOG_NANOS = 500_000_000L;
    /// Sent at once after a pause: ten packets.
    static final int BURST_BYTES = 12_000;
    /// The largest datagram that is ever made.
    private static final int MAX_PACKET_BYTES = 2_048;

    private static final String CNAME = "tapedeck";
    /// From the epoch of NTP, 1900, to that of Unix.
    private static final long NTP_SECONDS = 2_208_988_800L;

    private static final long SECOND = 1_000_000_000L;

    private final SrtpSender srtp;
    private final Consumer<Bytes> send;
    private final Needs needs;
    private final @Nullable OutboundTrack video;
    private final @Nullable OutboundTrack audio;
    private final List<OutboundTrack> tracks = new ArrayList<>(2);
    private final VideoQueue queue = new VideoQueue();
    private final byte[] plain = new byte[MAX_PACKET_BYTES];
    private final long wallOffsetNanos;
    private final long[] reportNanos = new long[2];

    private int transportSequence;
    private long budgetBytes = BURST_BYTES;
    private long pumpedNanos;
    private boolean placed;
    /// Our clock minus the stream's.
    private long originNanos;
    private long restartNanos;
    private boolean wantsRestart;
    private long keyframeRequests;
    private long nacks;
    private long unknown;

    /// What only the session can do.
    interface Needs {
        /// The viewer cannot show anything before the next keyframe.
        void restart();

        /// The stream went where this viewer cannot follow.
        void cannotFollow(String reason);
    }

    /// @param agreed the sections that the peer wants
    /// @param keys what we protect with
    /// @param send takes one protected datagram
    OutboundMedia(
            List<AgreedMedia> agreed,
            SrtpKeys keys,
            Consumer<Bytes> send,
            Needs needs,
            long nowNanos,
            Instant wallClock) {
        this.srtp = new SrtpSender(keys);
        this.send = send;
        this.needs = needs;
        this.video = track(agreed, AgreedMedia.Kind.VIDEO);
        this.audio = track(agreed, AgreedMedia.Kind.AUDIO);
        for (OutboundTrack track : new OutboundTrack[] {video, audio}) {
            if (track != null) {
                tracks.add(track);
            }
        }
        this.pumpedNanos = nowNanos;
        this.restartNanos = nowNanos;
        this.wallOffsetNanos = wallClock.getEpochSecond() * SECOND + wallClock.getNano() - nowNanos;
    }

    private static @Nullable OutboundTrack track(List<AgreedMedia> agreed, AgreedMedia.Kind kind) {
        return agreed.stream()
                .filter(media -> media.kind() == kind)
                .findFirst()
                .map(OutboundTrack::new)
                .orElse(null);
    }

    boolean takesVideo() {
        return video != null;
    }

    void catchUp(List<FramePackets> gop, long nowNanos) {
        if (video == null || !follows(video, gop.getFirst())) {
            return;
        }
        place(gop.getLast(), nowNanos);
        long bytes = 0;
        for (FramePackets frame : gop) {
            bytes += frame.bytes();
        }
        if (bytes <= 2 * limitBytes()) {
            queue.catchUp(gop, bytes * 8 * SECOND / pacingBitsPerSecond());
        } else {
            // A still picture until the next keyframe comes.
            queue.catchUp(gop.subList(0, 1), 0);
            queue.holdOn();
            wantsRestart = true;
        }
    }

    void frame(FramePackets frame, long nowNanos) {
        boolean picture = frame.frame().track().isVideo();
        OutboundTrack track = picture ? video : audio;
        if (track == null || !follows(track, frame)) {
            return;
        }
        place(frame, nowNanos);
        if (picture) {
            queue.offer(frame, limitBytes());
        } else {
            // Sound is little, and a gap in it is heard: it never waits.
            long timestamp = track.sender.timestamp(frame.frame().ptsNanos());
            for (Payload payload : frame.payloads()) {
                packet(track, payload, timestamp, nowNanos);
            }
        }
    }

    private boolean follows(OutboundTrack track, FramePackets frame) {
        Codec codec = frame.frame().track().codec();
        if (track.takes(codec)) {
            return true;
        }
        needs.cannotFollow("the stream is %s now, which was not agreed on".formatted(codec.name()));
        return false;
    }

    private void place(FramePackets frame, long nowNanos) {
        if (!placed) {
            placed = true;
            originNanos = nowNanos - frame.frame().ptsNanos();
        }
    }

    /// What may wait, in bytes.
    private long limitBytes() {
        return pacingBitsPerSecond() / 8 * (MAX_BACKLOG_NANOS / 1_000_000) / 1_000;
    }

    private long pacingBitsPerSecond() {
        return 40_000_000;
    }

    /// Sends what the pace allows; true if something is left for later.
    boolean pump(long nowNanos) {
        OutboundTrack track = video;
        if (track == null) {
            return false;
        }
        long earned = (nowNanos - pumpedNanos) / 1_000 * pacingBitsPerSecond() / 8_000_000;
        pumpedNanos = nowNanos;
        budgetBytes = Math.min(budgetBytes + earned, Math.max(BURST_BYTES, pacingBitsPerSecond() / 8 / 50));
        while (budgetBytes > 0) {
            FramePackets frame = queue.current();
            if (frame == null) {
                return false;
            }
            long timestamp = track.sender.timestamp(queue.presentationNanos(frame));
            packet(track, queue.payload(), timestamp, nowNanos);
            queue.advance();
        }
        return !queue.isEmpty();
    }

    private void packet(OutboundTrack track, Payload payload, long timestamp, long nowNanos) {
        RtpSender sender = track.sender;
        int length = sender.write(payload, timestamp, transportSequence, nowNanos, plain);
        Bytes sealed = seal(length);
        sender.sent(payload, timestamp, sender.keepsSealed() ? sealed : null, nowNanos);
        sent(sealed);
    }

    private Bytes seal(int length) {
        byte[] sealed = new byte[length + SrtpSender.MAX_OVERHEAD_BYTES];
        return Bytes.wrap(sealed, 0, srtp.protectRtp(plain, 0, length, sealed, 0));
    }

    private void sent(Bytes sealed) {
        transportSequence = transportSequence + 1 & 0xFFFF;
        budgetBytes -= sealed.length();
        send.accept(sealed);
    }

    /// True once the peer has said goodbye.
    boolean rtcp(Bytes compound, long nowNanos) {
        for (Rtcp packet : Rtcp.parse(compound)) {
            switch (packet) {
                case Rtcp.ReceiverReport report -> reported(report.reports(), nowNanos);
                case Rtcp.SenderReport report -> reported(report.reports(), nowNanos);
                case Rtcp.Nack nack -> repeat(nack, nowNanos);
                case Rtcp.PictureLoss loss -> restart(loss.mediaSsrc());
                case Rtcp.FullIntraRequest request -> request.entries().forEach(entry -> restart(entry.ssrc()));
                case Rtcp.Goodbye _ -> {
                    return true;
                }
                case Rtcp.SourceDescription _, Rtcp.BitrateLimit _, Rtcp.TransportFeedback _, Rtcp.Other _ -> {}
            }
        }
        return false;
    }

    private void reported(List<Rtcp.ReportBlock> blocks, long nowNanos) {
        for (Rtcp.ReportBlock block : blocks) {
            for (OutboundTrack track : tracks) {
                track.sender.reported(block, ntp(nowNanos));
            }
        }
    }

    private void repeat(Rtcp.Nack nack, long nowNanos) {
        OutboundTrack track = source(nack.mediaSsrc());
        if (track == null) {
            unknown++;
            return;
        }
        for (int lost : nack.sequenceNumbers()) {
            nacks++;
            RtpSender.Repeat repeat = track.sender.repeat(lost, transportSequence, nowNanos, plain);
            if (repeat != null) {
                Bytes sealed = repeat.sealed();
                sent(sealed == null ? seal(repeat.length()) : sealed);
            }
        }
    }

    private void restart(long mediaSsrc) {
        OutboundTrack track = source(mediaSsrc);
        if (track == null || !track.isVideo()) {
            unknown++;
            return;
        }
        keyframeRequests++;
        wantsRestart = true;
    }

    private @Nullable OutboundTrack source(long ssrc) {
        for (OutboundTrack track : tracks) {
            if (track.sender.isSource(ssrc)) {
                return track;
            }
        }
        return null;
    }

    void tick(long nowNanos) {
        boolean stuck = video != null && queue.waiting();
        if ((wantsRestart || stuck) && nowNanos - restartNanos >= RESTART_NANOS) {
            restartNanos = nowNanos;
            wantsRestart = false;
            queue.waitForKeyframe();
            needs.restart();
        }
        for (int i = 0; i < tracks.size(); i++) {
            if (tracks.get(i).sender.hasSent() && nowNanos - reportNanos[i] >= REPORT_NANOS) {
                reportNanos[i] = nowNanos;
                report(tracks.get(i), nowNanos);
            }
        }
    }

    private void report(OutboundTrack track, long nowNanos) {
        long ssrc = track.sender.ssrc();
        rtcp(List.of(track.sender.report(ntp(nowNanos), nowNanos - originNanos), name(ssrc)));
    }

    private static Rtcp.SourceDescription name(long ssrc) {
        return new Rtcp.SourceDescription(List.of(new Rtcp.SourceDescription.Chunk(
                ssrc, List.of(new Rtcp.SourceDescription.Item(Rtcp.SourceDescription.CNAME, CNAME)))));
    }

    /// RFC 3550 6.6: nothing more comes.
    void goodbye(String reason, long nowNanos) {
        for (OutboundTrack track : tracks) {
            if (track.sender.hasSent()) {
                long ssrc = track.sender.ssrc();
                rtcp(List.of(
                        track.sender.report(ntp(nowNanos), nowNanos - originNanos),
                        name(ssrc),
                        new Rtcp.Goodbye(List.of(ssrc), reason)));
            }
        }
    }

    private void rtcp(List<Rtcp> compound) {
        byte[] bytes = Rtcp.write(compound).toByteArray();
        byte[] sealed = new byte[bytes.length + SrtpSender.MAX_OVERHEAD_BYTES];
        send.accept(Bytes.wrap(sealed, 0, srtp.protectRtcp(bytes, 0, bytes.length, sealed, 0)));
    }

    private long ntp(long nowNanos) {
        long wall = nowNanos + wallOffsetNanos;
        return wall / SECOND + NTP_SECONDS << 32 | (wall % SECOND << 32) / SECOND;
    }

    /// Counters for the log.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (OutboundTrack track : tracks) {
            RtpSender.Statistics statistics = track.sender.statistics();
            text.append("packets %d, repeated %d, lost %d, RTT %d ms; "
                    .formatted(
                            statistics.packets(),
                            statistics.repeated(),
                            statistics.lost(),
                            track.sender.roundTripNanos() / 1_000_000));
        }
        return text
                + "pictures left out %d, keyframe requests %d, nacks %d, unknown %d"
                        .formatted(queue.leftOut(), keyframeRequests, nacks, unknown);
    }
}
