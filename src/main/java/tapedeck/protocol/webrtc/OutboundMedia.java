package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Track;
import tapedeck.rtp.BandwidthEstimator;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.NtpTime;
import tapedeck.rtp.Payload;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpSender;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpSender;
import tapedeck.stream.SessionReport.TrackReport;

/// What one viewer gets: frames become packets at a pace that its path carries, what was lost is sent again, and
/// reports put sound and picture on one clock.
final class OutboundMedia implements SessionMedia {
    static final long REPORT_NANOS = 1_000_000_000L;
    /// A viewer that says again that it has lost the picture, or waits for its first one, is heard this often.
    static final long RESTART_NANOS = 1_000_000_000L;
    /// Who has to leave pictures out asks the publisher for a keyframe this often: keyframes cost all others something.
    static final long HELD_BACK_NANOS = 4_000_000_000L;
    /// What may wait for its turn. A viewer's delay grows by no more.
    static final long MAX_BACKLOG_NANOS = 500_000_000L;

    private static final int MAX_PROBE_PACKETS = 100;

    private static final long SECOND = 1_000_000_000L;

    private final SrtpSender srtp;
    private final Datagrams datagrams;
    private final Needs needs;
    private final @Nullable OutboundTrack video;
    private final @Nullable OutboundTrack audio;
    private final List<OutboundTrack> tracks = new ArrayList<>(2);
    private final VideoQueue queue = new VideoQueue();
    private final ViewerLayer layer;
    private final BandwidthEstimator bandwidth;
    private final Pacing pacing;
    private final byte[] packet;
    private final long wallOffsetNanos;

    private long reportNanos;
    private boolean placed;
    /// Our clock minus the stream's.
    private long originNanos;
    private long restartNanos;
    private boolean lostPicture;
    /// Pictures were left out since the last probe.
    private boolean heldBack;
    private long keyframeRequests;
    private long nacks;
    private long unknown;

    /// Takes one datagram; the array is the caller's again at once.
    interface Datagrams {
        void send(byte[] bytes, int offset, int length);
    }

    /// What only the session can do.
    interface Needs extends ViewerLayer.Needs {
        /// The viewer can show nothing of what it has: it begins anew.
        void restart();

        /// A keyframe would help.
        void keyframe();

        /// The stream went where this viewer cannot follow.
        void cannotFollow(String reason);

        default Purpose purpose() {
            return Purpose.WATCHED;
        }
    }

    /// What it is sent for.
    enum Purpose {
        /// Somebody looks: what is late is of no use.
        WATCHED(MAX_BACKLOG_NANOS),
        /// A server keeps it: pictures of the past have their own times, and rather wait than are left out; who has
        /// lost one gets the following ones all the same.
        KEPT(8 * MAX_BACKLOG_NANOS);

        private final long maxBacklogNanos;

        Purpose(long maxBacklogNanos) {
            this.maxBacklogNanos = maxBacklogNanos;
        }
    }

    /// @param agreed the sections that the peer wants
    /// @param keys what we protect with
    /// @param datagrams takes what is protected
    /// @param packet room to make datagrams in, the same for all, so that the processor has it at hand
    /// @param limit to the layers of a simulcast
    OutboundMedia(
            List<AgreedMedia> agreed,
            SrtpKeys keys,
            Datagrams datagrams,
            byte[] packet,
            Needs needs,
            LayerLimit limit,
            long nowNanos,
            Instant wallClock) {
        this.layer = new ViewerLayer(limit, queue, needs, nowNanos);
        this.srtp = new SrtpSender(keys);
        this.datagrams = datagrams;
        this.packet = packet;
        this.needs = needs;
        this.video = add(agreed, AgreedMedia.Kind.VIDEO);
        this.audio = add(agreed, AgreedMedia.Kind.AUDIO);
        this.bandwidth = new BandwidthEstimator(tracks.stream().anyMatch(OutboundTrack::transportWide), nowNanos);
        this.pacing = new Pacing(bandwidth, layer, needs.purpose().maxBacklogNanos, nowNanos);
        this.restartNanos = nowNanos;
        this.reportNanos = nowNanos - REPORT_NANOS;
        this.wallOffsetNanos = wallClock.getEpochSecond() * SECOND + wallClock.getNano() - nowNanos;
    }

    private @Nullable OutboundTrack add(List<AgreedMedia> agreed, AgreedMedia.Kind kind) {
        for (AgreedMedia media : agreed) {
            if (media.kind() == kind) {
                OutboundTrack track = new OutboundTrack(media);
                tracks.add(track);
                return track;
            }
        }
        return null;
    }

    boolean takesVideo() {
        return video != null;
    }

    ViewerLayer layer() {
        return layer;
    }

    boolean waitsForKeyframe() {
        return video != null && queue.waiting();
    }

    void catchUp(List<FramePackets> gop, long nowNanos) {
        if (video == null || !video.takes(gop.getFirst(), Layers.STREAM, layer) || !follows(video, gop.getFirst())) {
            return;
        }
        place(gop.getLast(), nowNanos);
        long bytes = 0;
        for (FramePackets frame : gop) {
            bytes += frame.bytes();
        }
        if (bytes <= 2 * pacing.limitBytes(nowNanos)) {
            queue.catchUp(
                    gop,
                    switch (needs.purpose()) {
                        case WATCHED -> pacing.nanosOf(bytes, nowNanos);
                        case KEPT -> Long.MAX_VALUE;
                    });
        } else {
            // A still picture until the next keyframe comes.
            queue.catchUp(gop.subList(0, 1), 0);
            queue.holdOn();
            needs.keyframe();
        }
    }

    /// @param from the layer that it is of, or [Layers#STREAM]
    void frame(FramePackets frame, int from, long nowNanos) {
        boolean picture = frame.frame().track().isVideo();
        OutboundTrack track = picture ? video : audio;
        if (track == null || picture && !track.takes(frame, from, layer) || !follows(track, frame)) {
            return;
        }
        place(frame, nowNanos);
        track.frame(frame.frame());
        if (picture) {
            long noRoom = queue.noRoom();
            queue.offer(frame, pacing.limitBytes(nowNanos));
            heldBack |= queue.noRoom() > noRoom && track.sender.hasSent();
        } else {
            // Sound is little, and a gap in it is heard: it never waits.
            for (int i = 0; i < frame.payloads().size(); i++) {
                send(track, frame.payloads().get(i), frame.frame().ptsNanos(), nowNanos);
            }
        }
    }

    private boolean follows(OutboundTrack track, FramePackets frame) {
        Track source = frame.frame().track();
        if (track.takes(source)) {
            return true;
        }
        needs.cannotFollow("the stream is %s now, which was not agreed on"
                .formatted(source.codec().name()));
        return false;
    }

    private void place(FramePackets frame, long nowNanos) {
        if (!placed) {
            placed = true;
            originNanos = nowNanos - frame.frame().ptsNanos();
        }
    }

    /// Sends what the pace allows; true if something is left for later.
    boolean pump(long nowNanos) {
        OutboundTrack track = video;
        if (track == null) {
            return false;
        }
        pacing.earn(nowNanos);
        while (pacing.maySend()) {
            FramePackets frame = queue.current();
            if (frame == null) {
                return false;
            }
            track.extensions.rotate(frame.frame().track().rotationDegrees());
            send(track, queue.payload(), queue.presentationNanos(frame), nowNanos);
            queue.advance();
        }
        return !queue.isEmpty();
    }

    private void send(OutboundTrack track, Payload payload, long presentationNanos, long nowNanos) {
        RtpSender sender = track.sender;
        long timestamp = sender.timestamp(presentationNanos);
        if (!sender.hasSent()) {
            // By it the peer puts sound and picture together: GStreamer times what comes before by when it comes. And
            // it does not believe a report of a time before the first packet: sound does not wait for the past of the
            // pictures, and can be ahead.
            report(track, Math.max(presentationNanos, nowNanos - originNanos));
        }
        int length = sender.write(payload, timestamp, bandwidth.nextNumber(), nowNanos, packet);
        int sealed = srtp.protectRtp(packet, 0, length, packet, 0);
        Bytes kept = sender.keepsSealed() ? Bytes.wrap(Arrays.copyOf(packet, sealed)) : null;
        sender.sent(payload, timestamp, kept, nowNanos);
        sent(sealed, nowNanos);
    }

    private void sent(int length, long nowNanos) {
        bandwidth.sent(length, nowNanos);
        pacing.spend(length);
        datagrams.send(packet, 0, length);
    }

    /// True once the peer has said goodbye.
    @Override
    public boolean rtcp(Bytes compound, long nowNanos) {
        for (Rtcp packet : Rtcp.parse(compound)) {
            switch (packet) {
                case Rtcp.ReceiverReport report -> reported(report.reports(), nowNanos);
                case Rtcp.SenderReport report -> reported(report.reports(), nowNanos);
                case Rtcp.Nack nack -> repeat(nack, nowNanos);
                case Rtcp.PictureLoss loss -> lostPicture(loss.mediaSsrc());
                case Rtcp.FullIntraRequest request -> request.entries().forEach(entry -> lostPicture(entry.ssrc()));
                case Rtcp.TransportFeedback feedback -> bandwidth.arrivals(feedback, nowNanos);
                case Rtcp.BitrateLimit limit -> bandwidth.limited(limit.bitsPerSecond(), nowNanos);
                case Rtcp.Goodbye _ -> {
                    return true;
                }
                case Rtcp.SourceDescription _, Rtcp.ExtendedReport _, Rtcp.Other _ -> {}
            }
        }
        queue.trim(pacing.limitBytes(nowNanos));
        return false;
    }

    private void reported(List<Rtcp.ReportBlock> blocks, long nowNanos) {
        for (Rtcp.ReportBlock block : blocks) {
            for (OutboundTrack track : tracks) {
                track.sender.reported(block, ntp(nowNanos));
            }
            if (block.ssrc() == tracks.getFirst().sender.ssrc()) {
                bandwidth.reported(block.fractionLost(), nowNanos);
            }
        }
    }

    private void repeat(Rtcp.Nack nack, long nowNanos) {
        OutboundTrack track = source(nack.mediaSsrc());
        if (track == null) {
            unknown++;
            return;
        }
        pacing.earn(nowNanos);
        for (int lost : nack.sequenceNumbers()) {
            nacks++;
            track.nacks++;
            if (!pacing.mayRepeat(nowNanos)) {
                return;
            }
            RtpSender.Repeat repeat = track.sender.repeat(lost, bandwidth.nextNumber(), nowNanos, packet);
            if (repeat != null) {
                again(repeat, nowNanos);
            }
        }
    }

    private void again(RtpSender.Repeat repeat, long nowNanos) {
        Bytes sealed = repeat.sealed();
        if (sealed == null) {
            sent(srtp.protectRtp(packet, 0, repeat.length(), packet, 0), nowNanos);
        } else {
            // Its transport-wide number is the old one.
            sealed.copyTo(0, packet, 0, sealed.length());
            pacing.spend(sealed.length());
            datagrams.send(packet, 0, sealed.length());
        }
    }

    private void lostPicture(long mediaSsrc) {
        OutboundTrack track = source(mediaSsrc);
        if (track == null || !track.agreed.isVideo()) {
            unknown++;
            return;
        }
        keyframeRequests++;
        lostPicture = true;
    }

    private @Nullable OutboundTrack source(long ssrc) {
        for (OutboundTrack track : tracks) {
            if (track.sender.isSource(ssrc)) {
                return track;
            }
        }
        return null;
    }

    @Override
    public void tick(long nowNanos) {
        bandwidth.tick(nowNanos);
        queue.trim(pacing.limitBytes(nowNanos));
        if (video != null) {
            layer.fit(
                    bandwidth.bitsPerSecond(),
                    bandwidth.measures() && video.sender.hasRtx(),
                    pacing.limitBytes(nowNanos),
                    bandwidth.calmNanos(nowNanos),
                    nowNanos);
            renew(nowNanos);
            probe(video, nowNanos);
        }
        boolean due = nowNanos - reportNanos >= REPORT_NANOS;
        if (due) {
            reportNanos = nowNanos;
        }
        for (OutboundTrack track : tracks) {
            if (due && track.sender.hasSent()) {
                report(track, nowNanos - originNanos);
            }
        }
    }

    /// At which time of our clock a time of the media is.
    private void report(OutboundTrack track, long mediaNanos) {
        rtcp(List.of(track.sender.report(ntp(originNanos + mediaNanos), mediaNanos), track.name()));
    }

    /// Sees to it that a picture comes again.
    private void renew(long nowNanos) {
        boolean waits = queue.waiting();
        if (!waits && !lostPicture) {
            return;
        }
        // Whoever asks for one of a lower layer may get one of all of them.
        boolean seldom = waits && heldBack && layer.current() == layer.wanted();
        if (nowNanos - restartNanos < (seldom ? HELD_BACK_NANOS : RESTART_NANOS)) {
            return;
        }
        restartNanos = nowNanos;
        if (waits) {
            needs.keyframe();
        } else {
            switch (needs.purpose()) {
                case WATCHED -> queue.waitForKeyframe();
                case KEPT -> {}
            }
            needs.restart();
        }
        lostPicture = false;
    }

    /// Where pictures are held back, or a larger layer would be there, packets that were sent already fill the path up
    /// from time to time, to see whether it is still too narrow.
    private void probe(OutboundTrack track, long nowNanos) {
        boolean more = heldBack || layer.wantsMore(bandwidth.bitsPerSecond());
        if (more && track.sender.hasRtx() && bandwidth.probeDue(nowNanos)) {
            heldBack = queue.waiting();
            bandwidth.beginProbe(nowNanos);
        }
        int wanted = bandwidth.probeBytes(nowNanos);
        for (int back = 0; wanted > 0 && back < MAX_PROBE_PACKETS; back++) {
            int length = track.sender.probe(back, bandwidth.nextNumber(), nowNanos, packet);
            if (length == 0) {
                return;
            }
            sent(srtp.protectRtp(packet, 0, length, packet, 0), nowNanos);
            wanted -= length;
        }
    }

    /// RFC 3550 6.6: nothing more comes.
    void goodbye(String reason, long nowNanos) {
        for (OutboundTrack track : tracks) {
            if (track.sender.hasSent()) {
                rtcp(List.of(
                        track.sender.report(ntp(nowNanos), nowNanos - originNanos),
                        track.name(),
                        new Rtcp.Goodbye(List.of(track.sender.ssrc()), reason)));
            }
        }
    }

    private void rtcp(List<Rtcp> compound) {
        byte[] bytes = Rtcp.write(compound).toByteArray();
        datagrams.send(packet, 0, srtp.protectRtcp(bytes, 0, bytes.length, packet, 0));
    }

    private long ntp(long nowNanos) {
        return NtpTime.of(nowNanos + wallOffsetNanos);
    }

    /// Without bitrates.
    @Override
    public List<TrackReport> reports() {
        return tracks.stream()
                .map(track -> track == video
                        ? track.report(layer.name(), queue.sent(), queue.leftOut(), keyframeRequests)
                        : track.report())
                .toList();
    }

    /// As the viewer's reports tell it; 0 before the first one.
    @Override
    public long roundTripNanos() {
        long longest = 0;
        for (OutboundTrack track : tracks) {
            longest = Math.max(longest, track.sender.roundTripNanos());
        }
        return longest;
    }

    @Override
    public void close() {}

    @Override
    public long availableBitsPerSecond() {
        return bandwidth.bitsPerSecond();
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
                + "path %d kbit/s, pictures left out %d, keyframe requests %d, nacks %d, unknown %d"
                        .formatted(
                                bandwidth.bitsPerSecond() / 1_000, queue.leftOut(), keyframeRequests, nacks, unknown);
    }
}
