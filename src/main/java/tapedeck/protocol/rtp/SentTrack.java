package tapedeck.protocol.rtp;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.udp.DatagramPair;
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
import tapedeck.rtp.srtp.SrtpSender;
import tapedeck.stream.Stream;

/// One track of a stream on its way to an address: cut, numbered, protected and reported.
final class SentTrack {
    private static final int FIRST_DYNAMIC_TYPE = 96;
    private static final String CNAME = "tapedeck";
    private static final int RTCP_OVERHEAD_BYTES = 64;
    private static final long SECOND_NANOS = 1_000_000_000L;

    /// How a receiver is told of a track.
    ///
    /// @param port of RTP there; RTCP is the next one
    record Described(Track track, PayloadFormat format, int port) {
        /// The tracks of a stream that RTP carries: the first on this port, each other one two ports further.
        static List<Described> of(List<Track> tracks, int port) {
            List<Described> described = new ArrayList<>();
            for (Track track : tracks) {
                PayloadFormat.describing(track.codec(), FIRST_DYNAMIC_TYPE + described.size())
                        .ifPresent(format -> described.add(new Described(track, format, port + 2 * described.size())));
            }
            return described;
        }

        MediaDescription section(Optional<CryptoLine> crypto) {
            List<Attribute> attributes = new ArrayList<>();
            attributes.add(new Attribute("rtpmap", format.rtpmap()));
            if (!format.parameters().isEmpty()) {
                attributes.add(new Attribute("fmtp", format.payloadType() + " " + format.parameters()));
            }
            crypto.ifPresent(line -> attributes.add(new Attribute("crypto", line.value())));
            return new MediaDescription(
                    track.isVideo() ? "video" : "audio",
                    port,
                    crypto.isPresent() ? "RTP/SAVP" : "RTP/AVP",
                    List.of(Integer.toString(format.payloadType())),
                    "",
                    attributes);
        }
    }

    private final Described described;
    private final Packetizer packetizer;
    private final RtpSender sender;
    private final DatagramPair pair;
    private final InetSocketAddress media;
    private final InetSocketAddress control;
    private final @Nullable SrtpSender sealer;
    private boolean reported;
    private long lastPtsNanos;

    SentTrack(Described described, DatagramPair pair, InetAddress target, Optional<CryptoLine> crypto) {
        this.described = described;
        this.pair = pair;
        this.media = new InetSocketAddress(target, described.port());
        this.control = new InetSocketAddress(target, described.port() + 1);
        this.sealer = crypto.isPresent() ? new SrtpSender(crypto.get().keys()) : null;
        this.packetizer = Packetizer.of(described.track().codec(), Packetizer.USUAL_PAYLOAD_BYTES);
        OptionalInt none = OptionalInt.empty();
        this.sender = new RtpSender(
                List.of(described.format()),
                new HeaderExtensions(none, none, none, null),
                ThreadLocalRandom.current().nextLong(1L << 32),
                OptionalLong.empty());
    }

    /// `c=`, RFC 8866 5.7.
    static String connection(InetAddress address) {
        String host = address.getHostAddress();
        return "IN %s %s".formatted(host.indexOf(':') < 0 ? "IP4" : "IP6", host);
    }

    int id() {
        return described.track().id();
    }

    /// Whether what was described still decodes this: parameter sets of pictures come with the keyframes, those of
    /// sound in the description alone.
    boolean decodes(Codec codec) {
        Codec known = described.track().codec();
        return codec.equals(known)
                || codec instanceof Codec.Video && codec.name().equals(known.name());
    }

    /// Queues a frame, and returns its bytes. On the event loop, as all that sends.
    int send(Frame frame, Stream stream) {
        lastPtsNanos = frame.ptsNanos();
        if (!reported) {
            // In front of the first packet, so that sound and picture are together from the first moment on.
            report(stream);
        }
        long timestamp = sender.timestamp(frame.ptsNanos());
        FramePackets packets = FramePackets.of(frame, false, packetizer);
        byte[] packet = new byte[RtpPacket.MIN_HEADER_BYTES + Packetizer.MAX_WHOLE_BYTES];
        byte[] sealed = new byte[packet.length + SrtpSender.MAX_OVERHEAD_BYTES];
        for (Payload payload : packets.payloads()) {
            int length = sender.write(payload, timestamp, 0, 0, packet);
            SrtpSender keys = sealer;
            if (keys == null) {
                pair.media(packet, length, media);
            } else {
                pair.media(sealed, keys.protectRtp(packet, 0, length, sealed, 0), media);
            }
            sender.sent(payload, timestamp, null, 0);
        }
        return packets.bytes();
    }

    void flush() {
        pair.flush();
    }

    /// RFC 3550 6.4.1: of the moment at which it is sent, which is not that of the frame beside it while the past
    /// goes out.
    void report(Stream stream) {
        reported = true;
        var start = stream.startedAt();
        long mediaNanos = Math.max(lastPtsNanos, stream.statistics().mediaNanos());
        long unixNanos = start.getEpochSecond() * SECOND_NANOS + start.getNano() + mediaNanos;
        control(List.of(
                sender.report(NtpTime.of(unixNanos), mediaNanos), Rtcp.SourceDescription.named(sender.ssrc(), CNAME)));
    }

    /// RFC 3550 6.6.
    void goodbye() {
        if (sender.hasSent()) {
            control(List.of(
                    new Rtcp.ReceiverReport(sender.ssrc(), List.of()),
                    new Rtcp.Goodbye(List.of(sender.ssrc()), "the stream ended")));
        }
    }

    private void control(List<Rtcp> compound) {
        pair.flush();
        Bytes plain = Rtcp.write(compound);
        SrtpSender keys = sealer;
        if (keys == null) {
            pair.control(plain, control);
            return;
        }
        byte[] sealed = new byte[plain.length() + RTCP_OVERHEAD_BYTES];
        byte[] array = plain.toByteArray();
        pair.control(Bytes.wrap(sealed, 0, keys.protectRtcp(array, 0, array.length, sealed, 0)), control);
    }

    void close() {
        pair.close();
    }
}
