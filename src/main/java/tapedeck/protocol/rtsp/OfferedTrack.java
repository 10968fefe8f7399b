package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.HeaderExtensions;
import tapedeck.rtp.NtpTime;
import tapedeck.rtp.Payload;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpSender;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.stream.Stream;

/// One track of a stream as a player is offered it, and once it is set up, on its way there.
final class OfferedTrack {
    private static final int FIRST_DYNAMIC_TYPE = 96;
    private static final String CNAME = "tapedeck";

    private final int id;
    private final Codec described;
    private final PayloadFormat format;
    private final String control;
    private final RtpSender sender;
    private @Nullable MediaPath path;
    private @Nullable Packetizer packetizer;
    private byte[] packet = new byte[0];
    private boolean reported;
    private boolean goodbyeSaid;
    private long lastPtsNanos;
    private long unsendable;

    private OfferedTrack(Track track, PayloadFormat format) {
        this.id = track.id();
        this.described = track.codec();
        this.format = format;
        this.control = "trackID=" + track.id();
        long ssrc = ThreadLocalRandom.current().nextLong(1L << 32);
        OptionalInt none = OptionalInt.empty();
        this.sender = new RtpSender(
                List.of(format), new HeaderExtensions(none, none, none, null), ssrc, OptionalLong.empty());
    }

    /// The tracks of a stream that RTP carries, also those of which nothing came yet.
    static List<OfferedTrack> of(Stream stream) {
        List<OfferedTrack> offered = new ArrayList<>();
        for (Track track : stream.describedTracks()) {
            PayloadFormat.describing(track.codec(), FIRST_DYNAMIC_TYPE + offered.size())
                    .ifPresent(format -> offered.add(new OfferedTrack(track, format)));
        }
        return offered;
    }

    /// The codecs of a stream that are not among its offered tracks: RTP does not carry them.
    static String leftOut(Stream stream, List<OfferedTrack> offered) {
        return stream.tracks().stream()
                .filter(track -> offered.stream().noneMatch(one -> one.id == track.id()))
                .map(track -> track.codec().name())
                .collect(Collectors.joining(", "));
    }

    int id() {
        return id;
    }

    Codec codec() {
        return described;
    }

    String control() {
        return control;
    }

    MediaDescription section() {
        List<Attribute> attributes = new ArrayList<>();
        attributes.add(new Attribute("rtpmap", format.rtpmap()));
        if (!format.parameters().isEmpty()) {
            attributes.add(new Attribute("fmtp", format.payloadType() + " " + format.parameters()));
        }
        attributes.add(new Attribute("control", control));
        return new MediaDescription(
                described instanceof Codec.Video ? "video" : "audio",
                0,
                "RTP/AVP",
                List.of(Integer.toString(format.payloadType())),
                "",
                attributes);
    }

    /// The answer to `SETUP`.
    String setUp(MediaPath way) {
        MediaPath before = path;
        if (before != null) {
            before.close();
        }
        path = way;
        packetizer = Packetizer.of(described, way.payloadBytes());
        packet = new byte[RtpPacket.MIN_HEADER_BYTES + Math.max(way.payloadBytes(), Packetizer.MAX_WHOLE_BYTES)];
        return way.header() + ";ssrc=%08X".formatted(sender.ssrc());
    }

    boolean isSetUp() {
        return path != null;
    }

    @Nullable
    MediaPath path() {
        return path;
    }

    /// Whether what was described still decodes this: parameter sets of pictures come with the keyframes, those of
    /// sound in the description alone.
    boolean decodes(Codec codec) {
        return codec.equals(described)
                || codec instanceof Codec.Video video && video.name().equals(described.name());
    }

    /// Where it goes on, for `RTP-Info`, RFC 2326 12.33.
    ///
    /// @param originNanos the presentation time that all tracks are said to begin with
    String position(String base, OptionalLong originNanos) {
        String text = "url=%s/%s;seq=%d".formatted(base, control, sender.nextSequence());
        return originNanos.isPresent() ? text + ";rtptime=" + sender.timestamp(originNanos.getAsLong()) : text;
    }

    /// Queues a frame, and returns its bytes; 0 where it is not wanted.
    int send(Frame frame, Stream stream, long nowNanos) {
        MediaPath way = path;
        Packetizer cutter = packetizer;
        if (way == null || cutter == null) {
            return 0;
        }
        lastPtsNanos = frame.ptsNanos();
        if (!reported) {
            // In front of the first packet, so that sound and picture are together from the first moment on.
            report(stream);
        }
        FramePackets packets = FramePackets.of(frame, false, cutter);
        if (packets.payloads().isEmpty()) {
            unsendable++;
            return 0;
        }
        long timestamp = sender.timestamp(frame.ptsNanos());
        for (Payload payload : packets.payloads()) {
            int length = sender.write(payload, timestamp, 0, nowNanos, packet);
            way.media(packet, length);
            sender.sent(payload, timestamp, null, nowNanos);
        }
        return packets.bytes();
    }

    /// RFC 3550 6.4.1: of the moment at which it is sent, which is not that of the frame beside it while the past
    /// goes out. The wall clock is that of the stream, the same for all tracks and all players.
    void report(Stream stream) {
        MediaPath way = path;
        if (way == null) {
            return;
        }
        reported = true;
        var start = stream.startedAt();
        long mediaNanos = Math.max(lastPtsNanos, stream.statistics().mediaNanos());
        long unixNanos = start.getEpochSecond() * 1_000_000_000L + start.getNano() + mediaNanos;
        way.control(Rtcp.write(List.of(
                sender.report(NtpTime.of(unixNanos), mediaNanos), Rtcp.SourceDescription.named(sender.ssrc(), CNAME))));
    }

    boolean hasSent() {
        return sender.hasSent();
    }

    /// RFC 3550 6.6: nothing comes any more.
    void goodbye(String reason) {
        MediaPath way = path;
        if (way != null && sender.hasSent() && !goodbyeSaid) {
            goodbyeSaid = true;
            way.control(Rtcp.write(List.of(
                    new Rtcp.ReceiverReport(sender.ssrc(), List.of()),
                    new Rtcp.Goodbye(List.of(sender.ssrc()), reason))));
            way.flush();
        }
    }

    void close() {
        MediaPath way = path;
        if (way != null) {
            way.close();
        }
    }

    /// Frames that no packet can carry.
    long unsendable() {
        return unsendable;
    }
}
