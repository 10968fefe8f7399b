package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpReceiver;
import tapedeck.rtp.TransportArrivals;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpSender;
import tapedeck.stream.Publication;
import tapedeck.stream.SessionReport.TrackReport;

/// The plain packets of one publisher: RTP becomes frames of its publication, and what the peer has to know (reports,
/// losses, arrival times, that a keyframe is needed) goes back as RTCP, gathered per tick.
final class InboundMedia {
    /// Of transport-wide feedback: often enough for a browser to climb to its full rate within seconds, and a few
    /// hundred bytes each.
    static final long ARRIVALS_NANOS = 100_000_000;
    static final long LIMIT_NANOS = 1_000_000_000;
    /// REMB, for peers without transport-wide feedback: more than any of them sends.
    static final long MAX_BITS_PER_SECOND = 20_000_000;
    /// RTCP of one datagram.
    static final int MAX_COMPOUND_BYTES = 1_200;

    private static final String CNAME = "tapedeck";

    private final SrtpSender srtp;
    private final Consumer<Bytes> send;
    private final long localSsrc = ThreadLocalRandom.current().nextLong(1, 1L << 32);
    private final TransportArrivals arrivals = new TransportArrivals(localSsrc);
    private final List<Inbound> tracks = new ArrayList<>(2);
    private final List<Rtcp> outgoing = new ArrayList<>();
    private boolean reportsArrivals;
    private boolean limits;
    private boolean reducedSize = true;
    private long arrivalsNanos;
    private long limitNanos;
    private long unknown;

    /// @param agreed the sections that the peer sends
    /// @param keys what we protect our feedback with
    /// @param send takes one protected datagram
    InboundMedia(
            List<AgreedMedia> agreed, SrtpKeys keys, Publication publication, Consumer<Bytes> send, long nowNanos) {
        this.srtp = new SrtpSender(keys);
        this.send = send;
        this.arrivalsNanos = nowNanos;
        this.limitNanos = nowNanos;
        PeerClock clock = new PeerClock(nowNanos);
        agreed.forEach(section -> add(section, clock, publication));
        limits &= !reportsArrivals;
    }

    /// One accepted section.
    private static final class Inbound implements Consumer<Frame> {
        private final boolean video;
        private final Publication publication;
        private final Freezes freezes = new Freezes();
        private String codec;
        private int width;
        private int height;
        private final RtpReceiver receiver;
        private final int transportWideId;
        private long ssrc;
        private boolean gone;

        Inbound(AgreedMedia agreed, RtpReceiver receiver, int transportWideId, Publication publication) {
            this.video = agreed.isVideo();
            this.codec = agreed.format().encodingName().toLowerCase(Locale.ROOT);
            this.publication = publication;
            this.receiver = receiver;
            this.transportWideId = transportWideId;
        }

        @Override
        public void accept(Frame frame) {
            Codec now = frame.track().codec();
            codec = now.name();
            if (now instanceof Codec.Video picture) {
                width = picture.width();
                height = picture.height();
                freezes.frame(frame);
            }
            publication.write(frame);
        }

        TrackReport report() {
            RtpReceiver.Statistics counted = receiver.statistics();
            return new TrackReport(
                    video ? "video" : "audio",
                    codec,
                    "",
                    width,
                    height,
                    0,
                    counted.packets(),
                    counted.bytes(),
                    counted.lost(),
                    counted.recovered(),
                    counted.nacks(),
                    counted.keyframeRequests(),
                    counted.frames(),
                    counted.missingFrames(),
                    freezes.count(),
                    freezes.nanos(),
                    counted.jitterNanos());
        }
    }

    private void add(AgreedMedia agreed, PeerClock clock, Publication publication) {
        int trackId = agreed.isVideo() ? Track.VIDEO : Track.AUDIO;
        RtpReceiver receiver = new RtpReceiver(new RtpReceiver.Options(trackId, localSsrc), agreed.formats(), clock);
        OptionalInt transportWide = agreed.extension(AgreedMedia.TRANSPORT_WIDE);
        tracks.add(new Inbound(agreed, receiver, transportWide.orElse(-1), publication));
        reportsArrivals |= agreed.feedsBack("transport-cc") && transportWide.isPresent();
        limits |= agreed.feedsBack("goog-remb");
        reducedSize &= agreed.reducedSize();
    }

    void rtp(Bytes plain, long arrivalNanos) {
        RtpPacket packet = RtpPacket.parse(plain);
        Inbound track = track(packet.payloadType());
        if (track == null) {
            unknown++;
            return;
        }
        if (reportsArrivals && track.transportWideId >= 0) {
            Bytes sequence = packet.extension(track.transportWideId);
            if (sequence != null && sequence.length() == 2) {
                arrivals.received(sequence.u16(0), arrivalNanos);
            }
        }
        track.receiver.receive(packet, arrivalNanos);
        if (track.receiver.isSource(packet.ssrc())) {
            track.ssrc = packet.ssrc();
            track.gone = false;
        }
        track.receiver.poll(arrivalNanos, track);
    }

    private @Nullable Inbound track(int payloadType) {
        for (Inbound track : tracks) {
            if (track.receiver.receives(payloadType)) {
                return track;
            }
        }
        return null;
    }

    /// True once the peer has said goodbye for all that it sent.
    boolean rtcp(Bytes plain, long arrivalNanos) {
        for (Rtcp packet : Rtcp.parse(plain)) {
            switch (packet) {
                case Rtcp.SenderReport report ->
                    tracks.forEach(track -> track.receiver.senderReport(report, arrivalNanos));
                case Rtcp.Goodbye goodbye ->
                    tracks.forEach(
                            track -> track.gone |= goodbye.ssrcs().stream().anyMatch(track.receiver::isSource));
                case Rtcp.ReceiverReport _,
                        Rtcp.SourceDescription _,
                        Rtcp.Nack _,
                        Rtcp.PictureLoss _,
                        Rtcp.FullIntraRequest _,
                        Rtcp.BitrateLimit _,
                        Rtcp.TransportFeedback _,
                        Rtcp.Other _ -> {}
            }
        }
        for (Inbound track : tracks) {
            if (!track.gone) {
                return false;
            }
        }
        return true;
    }

    void tick(long nowNanos) {
        for (int i = 0; i < tracks.size(); i++) {
            Inbound track = tracks.get(i);
            RtpReceiver receiver = track.receiver;
            if (nowNanos >= receiver.nextDeadlineNanos()) {
                receiver.poll(nowNanos, track);
                receiver.feedback(nowNanos, outgoing);
            }
        }
        if (reportsArrivals && nowNanos - arrivalsNanos >= ARRIVALS_NANOS) {
            arrivalsNanos = nowNanos;
            Rtcp.TransportFeedback feedback = arrivals.feedback(tracks.getFirst().ssrc);
            if (feedback != null) {
                outgoing.add(feedback);
            }
        }
        if (limits && nowNanos - limitNanos >= LIMIT_NANOS) {
            limitNanos = nowNanos;
            List<Long> ssrcs = tracks.stream().map(track -> track.ssrc).toList();
            outgoing.add(new Rtcp.BitrateLimit(localSsrc, MAX_BITS_PER_SECOND, ssrcs));
        }
        if (!outgoing.isEmpty()) {
            send();
        }
    }

    /// A reader needs an entry point; asked for with the next tick.
    void requestKeyframe() {
        for (Inbound track : tracks) {
            if (track.video) {
                track.receiver.requestKeyframe();
            }
        }
    }

    /// Without bitrates.
    List<TrackReport> reports() {
        return tracks.stream().map(Inbound::report).toList();
    }

    /// As far as repeats tell it; 0 while nothing was lost.
    long roundTripNanos() {
        long longest = 0;
        for (Inbound track : tracks) {
            longest = Math.max(longest, track.receiver.statistics().roundTripNanos());
        }
        return longest;
    }

    void close() {
        tracks.forEach(track -> track.receiver.close());
    }

    /// One compound, or one datagram for each packet where that would be too long. A report goes in front, with our
    /// name (RFC 3550 6.1), unless the peer takes feedback alone (RFC 5506).
    private void send() {
        boolean reports = outgoing.stream().anyMatch(Rtcp.ReceiverReport.class::isInstance);
        List<Rtcp> compound = new ArrayList<>(outgoing.size() + 2);
        for (Rtcp packet : outgoing) {
            if (packet instanceof Rtcp.ReceiverReport) {
                compound.add(packet);
            }
        }
        if (!reports && !reducedSize) {
            compound.add(new Rtcp.ReceiverReport(localSsrc, List.of()));
        }
        if (!compound.isEmpty()) {
            compound.add(new Rtcp.SourceDescription(List.of(new Rtcp.SourceDescription.Chunk(
                    localSsrc, List.of(new Rtcp.SourceDescription.Item(Rtcp.SourceDescription.CNAME, CNAME))))));
        }
        for (Rtcp packet : outgoing) {
            if (!(packet instanceof Rtcp.ReceiverReport)) {
                compound.add(packet);
            }
        }
        outgoing.clear();
        Bytes plain = Rtcp.write(compound);
        if (plain.length() <= MAX_COMPOUND_BYTES) {
            send(plain);
        } else {
            compound.forEach(packet -> send(Rtcp.write(List.of(packet))));
        }
    }

    private void send(Bytes plain) {
        byte[] bytes = plain.toByteArray();
        byte[] sealed = new byte[bytes.length + SrtpSender.MAX_OVERHEAD_BYTES];
        int length = srtp.protectRtcp(bytes, 0, bytes.length, sealed, 0);
        send.accept(Bytes.wrap(sealed, 0, length));
    }

    /// Counters for the log.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Inbound track : tracks) {
            RtpReceiver.Statistics statistics = track.receiver.statistics();
            text.append("packets %d, frames %d, recovered %d, lost %d, missing frames %d, keyframe requests %d; "
                    .formatted(
                            statistics.packets(),
                            statistics.frames(),
                            statistics.recovered(),
                            statistics.lost(),
                            statistics.missingFrames(),
                            statistics.keyframeRequests()));
        }
        return text + "unknown " + unknown;
    }
}
