package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.MissedFrames;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpReceiver;
import tapedeck.rtp.TrackGuard;
import tapedeck.stream.SessionReport.TrackReport;

/// One accepted section: a source, or the layers of a simulcast (RFC 8853) of which the best that comes is the track.
final class InboundTrack implements Layers {
    private final boolean video;
    private final ExtensionIds ids;
    private final List<Layer> layers = new ArrayList<>(1);
    private final TrackGuard guard;
    /// Of each layer, for those who want it instead of the track.
    private final List<TrackGuard> lower = new ArrayList<>();
    private final @Nullable LayerChoice choice;
    /// Null in a simulcast, and for sound.
    private final @Nullable SpatialLayers spatial;
    private Layers.@Nullable Sink sink;
    private final LongConsumer missing;
    private long toldMissing;
    private long missedBefore;

    /// One source of packets and that of its repairs.
    static final class Layer {
        /// Empty where there is no simulcast.
        private final String rid;

        private final RtpReceiver receiver;
        private final Freezes freezes = new Freezes();
        private final Orientation orientation = new Orientation();
        private final MissedFrames missed = new MissedFrames();
        private final LayerRate rate = new LayerRate();
        private String codec;
        private int width;
        private int height;
        private long ssrc;
        private long repairSsrc;
        private boolean gone;

        private Layer(String rid, String codec, RtpReceiver receiver) {
            this.rid = rid;
            this.codec = codec;
            this.receiver = receiver;
        }

        private void came(Frame frame, long nowNanos) {
            rate.add(frame.data().length(), nowNanos);
            missed.frame(frame.ptsNanos(), receiver.missingFrames(), receiver.lostPackets());
            Codec now = frame.track().codec();
            codec = now.name();
            if (now instanceof Codec.Video picture) {
                width = picture.width();
                height = picture.height();
                freezes.frame(frame);
            }
        }

        /// 0 before its first packet.
        long ssrc() {
            return ssrc;
        }
    }

    /// @param out takes the frames
    /// @param missing takes how many more of them nobody got
    InboundTrack(AgreedMedia agreed, long localSsrc, PeerClock clock, Consumer<Frame> out, LongConsumer missing) {
        this.missing = missing;
        this.video = agreed.isVideo();
        this.ids = ExtensionIds.of(agreed);
        this.guard = new TrackGuard(out);
        int trackId = video ? Track.VIDEO : Track.AUDIO;
        // Layers can only be told apart by what their packets say.
        List<String> rids = agreed.rids().size() > 1 && ids.rid() >= 0 ? agreed.rids() : List.of("");
        for (String rid : rids) {
            int index = layers.size();
            lower.add(new TrackGuard(frame -> forward(index, frame)));
            layers.add(new Layer(
                    rid,
                    agreed.format().encodingName().toLowerCase(Locale.ROOT),
                    new RtpReceiver(new RtpReceiver.Options(trackId, localSsrc), agreed.formats(), clock)));
        }
        this.choice = layers.size() > 1 ? new LayerChoice(layers.size(), guard::write) : null;
        boolean scalable = agreed.format().is("VP9") || agreed.format().is("AV1");
        this.spatial = choice == null && scalable ? new SpatialLayers(this::requestKeyframe) : null;
    }

    boolean isVideo() {
        return video;
    }

    ExtensionIds ids() {
        return ids;
    }

    List<Layer> layers() {
        return layers;
    }

    boolean receives(int payloadType) {
        return layers.getFirst().receiver.receives(payloadType);
    }

    /// False if nobody knows which layer it belongs to.
    boolean receive(RtpPacket packet, long arrivalNanos) {
        int index = choice == null ? 0 : index(packet);
        if (index < 0) {
            return false;
        }
        Layer layer = layers.get(index);
        layer.receiver.receive(packet, arrivalNanos);
        if (layer.receiver.isSource(packet.ssrc())) {
            if (!layer.receiver.isRepair(packet.payloadType())) {
                layer.ssrc = packet.ssrc();
            }
            layer.gone = false;
            turned(layer, packet);
        }
        poll(index, arrivalNanos);
        return true;
    }

    /// Repairs say it as the packets that they repair did.
    private void turned(Layer layer, RtpPacket packet) {
        if (layer.orientation.said(ExtensionIds.of(packet, ids.orientation()), layer.ssrc, packet.timestamp())) {
            layer.receiver.requestKeyframe();
        }
    }

    /// RFC 8852 3: packets say which layer they are of until the sender knows that we know.
    private int index(RtpPacket packet) {
        long ssrc = packet.ssrc();
        boolean repair = layers.getFirst().receiver.isRepair(packet.payloadType());
        Bytes rid = ExtensionIds.of(packet, repair ? ids.repairedRid() : ids.rid());
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            if (rid == null ? ssrc == (repair ? layer.repairSsrc : layer.ssrc) : rid.equals(Bytes.ofUtf8(layer.rid))) {
                if (repair) {
                    layer.repairSsrc = ssrc;
                }
                return i;
            }
        }
        return -1;
    }

    private void poll(int index, long nowNanos) {
        Layer layer = layers.get(index);
        LayerChoice layered = choice;
        layer.receiver.poll(nowNanos, plain -> {
            Frame frame = video ? layer.orientation.turn(plain) : plain;
            layer.came(frame, nowNanos);
            if (layered == null) {
                guard.write(frame);
                if (spatial != null) {
                    spatial.frame(frame, nowNanos);
                }
            } else {
                int before = layered.chosen();
                layered.frame(index, frame, nowNanos);
                if (layered.chosen() != before) {
                    // What another layer missed was not missed here.
                    missedBefore += (before < 0 ? 0 : layers.get(before).missed.total())
                            - layers.get(layered.chosen()).missed.total();
                }
                Layers.Sink wanting = sink;
                if (wanting != null && layered.chosen() >= 0 && index != layered.chosen() && wanting.wants(index)) {
                    lower.get(index).write(frame);
                }
            }
        });
        tellMissing();
    }

    private void forward(int index, Frame frame) {
        Layers.Sink wanting = sink;
        if (wanting != null) {
            wanting.frame(index, frame);
        }
    }

    /// What viewers may have instead of the track; null where nothing is known but the track.
    @Nullable
    Layers layered() {
        return choice == null ? spatial : this;
    }

    @Override
    public List<Layers.Layer> all() {
        List<Layers.Layer> all = new ArrayList<>(layers.size());
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            boolean comes = choice == null || choice.comes(i);
            all.add(new Layers.Layer(layer.rid, layer.width, layer.height, layer.rate.bitsPerSecond(), comes));
        }
        return all;
    }

    @Override
    public int chosen() {
        return choice == null ? 0 : choice.chosen();
    }

    @Override
    public int chosenAt(long dtsNanos) {
        return choice == null ? 0 : choice.chosenAt(dtsNanos);
    }

    @Override
    public void requestKeyframe(int layer) {
        layers.get(layer).receiver.requestKeyframe();
    }

    @Override
    public void to(Layers.@Nullable Sink other) {
        sink = other;
    }

    private void tellMissing() {
        int chosen = chosen();
        if (chosen >= 0) {
            long now = missedBefore + layers.get(chosen).missed.total() + guard.refused();
            if (now > toldMissing) {
                missing.accept(now - toldMissing);
                toldMissing = now;
            }
        }
    }

    void senderReport(Rtcp.SenderReport report, long arrivalNanos) {
        layers.forEach(layer -> layer.receiver.senderReport(report, arrivalNanos));
    }

    void goodbye(Rtcp.Goodbye goodbye) {
        for (Layer layer : layers) {
            layer.gone |= goodbye.ssrcs().stream().anyMatch(layer.receiver::isSource);
        }
    }

    /// Whether all that it sent was said goodbye for.
    boolean isGone() {
        boolean any = false;
        for (Layer layer : layers) {
            if (layer.ssrc != 0 && !layer.gone) {
                return false;
            }
            any |= layer.gone;
        }
        return any;
    }

    void tick(long nowNanos, List<Rtcp> out) {
        for (int i = 0; i < layers.size(); i++) {
            RtpReceiver receiver = layers.get(i).receiver;
            if (nowNanos >= receiver.nextDeadlineNanos()) {
                poll(i, nowNanos);
                receiver.feedback(nowNanos, out);
            }
        }
        if (choice != null) {
            choice.tick(nowNanos, best -> layers.get(best).receiver.requestKeyframe());
        }
    }

    /// A reader needs an entry point.
    void requestKeyframe() {
        int chosen = chosen();
        if (chosen >= 0) {
            requestKeyframe(chosen);
        }
    }

    /// Packets that were found missing, whether they came later or not.
    long missedPackets() {
        long missed = 0;
        for (Layer layer : layers) {
            missed += layer.receiver.missedPackets();
        }
        return missed;
    }

    /// Adds one for each layer, without its bitrate.
    void report(List<TrackReport> target) {
        for (Layer layer : layers) {
            RtpReceiver.Statistics counted = layer.receiver.statistics();
            target.add(new TrackReport(
                    video ? "video" : "audio",
                    layer.codec,
                    layer.rid,
                    layer.width,
                    layer.height,
                    0,
                    counted.packets(),
                    counted.bytes(),
                    counted.lost(),
                    counted.recovered(),
                    counted.nacks(),
                    counted.keyframeRequests(),
                    counted.frames(),
                    counted.missingFrames(),
                    layer.freezes.count(),
                    layer.freezes.nanos(),
                    counted.jitterNanos()));
        }
    }

    /// As far as repeats tell it; 0 while nothing was lost.
    long roundTripNanos() {
        long longest = 0;
        for (Layer layer : layers) {
            longest = Math.max(longest, layer.receiver.roundTripNanos());
        }
        return longest;
    }

    void close() {
        layers.forEach(layer -> layer.missed.end(layer.receiver.missingFrames()));
        tellMissing();
        layers.forEach(layer -> layer.receiver.close());
    }

    /// Counters for the log.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Layer layer : layers) {
            RtpReceiver.Statistics statistics = layer.receiver.statistics();
            text.append("%spackets %d, frames %d, recovered %d, lost %d, missing frames %d, keyframe requests %d; "
                    .formatted(
                            layer.rid.isEmpty() ? "" : layer.rid + ": ",
                            statistics.packets(),
                            statistics.frames(),
                            statistics.recovered(),
                            statistics.lost(),
                            statistics.missingFrames(),
                            statistics.keyframeRequests()));
        }
        return guard.refused() == 0 ? text.toString() : text + "refused frames " + guard.refused() + "; ";
    }
}
