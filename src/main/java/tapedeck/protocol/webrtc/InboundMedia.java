package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.RoundTripReports;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.stream.Publication;
import tapedeck.stream.SessionReport.TrackReport;

/// The plain packets of one publisher: RTP becomes frames of its publication, and what the peer has to know (reports,
/// losses, arrival times, that a keyframe is needed) goes back as RTCP, gathered per tick.
final class InboundMedia implements SessionMedia {
    private final long localSsrc = ThreadLocalRandom.current().nextLong(1, 1L << 32);
    private final List<InboundTrack> tracks = new ArrayList<>(2);
    private final RoundTripReports roundTrip = new RoundTripReports(localSsrc);
    private final ReturnPath back;
    private final RateControl rate;
    private long unknown;

    /// @param agreed the sections that the peer sends
    /// @param keys what we protect our feedback with
    /// @param send takes one protected datagram
    InboundMedia(
            List<AgreedMedia> agreed, SrtpKeys keys, Publication publication, Consumer<Bytes> send, long nowNanos) {
        PeerClock clock = new PeerClock(nowNanos);
        publication.zero(clock::capturedZeroNanos);
        boolean reportsArrivals = false;
        boolean limits = false;
        boolean reducedSize = true;
        for (AgreedMedia section : agreed) {
            tracks.add(new InboundTrack(section, localSsrc, clock, publication::write, publication::missed));
            reportsArrivals |= section.feedsBack("transport-cc")
                    && section.extension(AgreedMedia.TRANSPORT_WIDE).isPresent();
            limits |= section.feedsBack("goog-remb");
            reducedSize &= section.reducedSize();
        }
        this.back = new ReturnPath(keys, localSsrc, reducedSize, send);
        this.rate = new RateControl(localSsrc, reportsArrivals, limits, nowNanos);
    }

    void rtp(Bytes plain, long arrivalNanos) {
        RtpPacket packet = RtpPacket.parse(plain);
        InboundTrack track = track(packet.payloadType());
        if (track == null) {
            unknown++;
            return;
        }
        rate.received(packet, track.ids(), track.isVideo(), arrivalNanos);
        if (!track.receive(packet, arrivalNanos)) {
            unknown++;
        }
    }

    private @Nullable InboundTrack track(int payloadType) {
        for (InboundTrack track : tracks) {
            if (track.receives(payloadType)) {
                return track;
            }
        }
        return null;
    }

    /// True once the peer has said goodbye for all that it sent.
    @Override
    public boolean rtcp(Bytes plain, long arrivalNanos) {
        for (Rtcp packet : Rtcp.parse(plain)) {
            switch (packet) {
                case Rtcp.SenderReport report -> tracks.forEach(track -> track.senderReport(report, arrivalNanos));
                case Rtcp.Goodbye goodbye -> tracks.forEach(track -> track.goodbye(goodbye));
                case Rtcp.ExtendedReport report -> roundTrip.heard(report, arrivalNanos);
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
        return tracks.stream().allMatch(InboundTrack::isGone);
    }

    @Override
    public void tick(long nowNanos) {
        long missed = 0;
        for (int i = 0; i < tracks.size(); i++) {
            tracks.get(i).tick(nowNanos, back.outgoing());
            missed += tracks.get(i).missedPackets();
        }
        rate.feedback(nowNanos, this::ssrcs, missed, back.outgoing());
        if (roundTrip.isDue(nowNanos) && back.hasReport()) {
            back.outgoing().add(roundTrip.say(nowNanos));
        }
        back.flush();
    }

    private List<Long> ssrcs() {
        List<Long> ssrcs = new ArrayList<>();
        for (InboundTrack track : tracks) {
            track.layers().forEach(layer -> ssrcs.add(layer.ssrc()));
        }
        return ssrcs;
    }

    /// Of the picture; null where it is whole or not there.
    @Nullable
    Layers layers() {
        for (InboundTrack track : tracks) {
            Layers layers = track.layered();
            if (layers != null) {
                return layers;
            }
        }
        return null;
    }

    /// A reader needs an entry point; asked for with the next tick.
    void requestKeyframe() {
        for (InboundTrack track : tracks) {
            if (track.isVideo()) {
                track.requestKeyframe();
            }
        }
    }

    /// One for each layer. Without bitrates.
    @Override
    public List<TrackReport> reports() {
        List<TrackReport> reports = new ArrayList<>();
        tracks.forEach(track -> track.report(reports));
        return reports;
    }

    /// As the peer's reports tell it, or where it makes none, repeats of what was lost; 0 while neither came.
    @Override
    public long roundTripNanos() {
        long longest = roundTrip.roundTripNanos();
        if (longest > 0) {
            return longest;
        }
        for (InboundTrack track : tracks) {
            longest = Math.max(longest, track.roundTripNanos());
        }
        return longest;
    }

    @Override
    public long availableBitsPerSecond() {
        return 0;
    }

    @Override
    public void close() {
        tracks.forEach(InboundTrack::close);
    }

    /// Counters for the log.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        tracks.forEach(text::append);
        return text + "unknown " + unknown;
    }
}
