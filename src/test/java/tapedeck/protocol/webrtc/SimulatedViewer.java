package tapedeck.protocol.webrtc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.ReceiveEstimate;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpReceiver;
import tapedeck.rtp.TransportArrivals;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.rtp.srtp.SrtpReceiver;

/// One viewer behind a path with a rate, a queue, a delay and losses, all in simulated time: what [OutboundMedia] sends
/// is opened, put together by the receiving half, and answered as a browser would.
final class SimulatedViewer implements OutboundMedia.Datagrams, OutboundMedia.Needs {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    static final long VIDEO_SSRC = 1_000;
    static final long AUDIO_SSRC = 2_000;
    private static final int NUMBER_ID = 3;
    private static final long FEEDBACK_NANOS = 100 * MILLI;
    private static final long LIMIT_NANOS = SECOND;
    private static final long URGENT_LIMIT_NANOS = 200 * MILLI;
    private static final SrtpKeys KEYS =
            new SrtpKeys(SrtpProfile.AEAD_AES_128_GCM, Bytes.wrap(new byte[16]), Bytes.wrap(new byte[12]));

    /// @param queueBytes what the narrowest link holds; more is lost
    record Path(long bitsPerSecond, int queueBytes, long delayNanos, double loss) {
        static final Path PERFECT = new Path(1_000_000_000, 10_000_000, 20 * MILLI, 0);
    }

    /// How the viewer gets again what was lost.
    enum Repeats {
        RTX,
        AS_IT_WAS
    }

    private record Arrival(long nanos, long order, Bytes datagram, List<Rtcp> feedback) {}

    final OutboundMedia media;
    final List<Frame> pictures = new ArrayList<>();
    final List<Frame> sounds = new ArrayList<>();
    /// When the last packet of each picture came, by its bytes.
    final Map<Bytes, Long> shownNanos = new HashMap<>();

    final List<Rtcp.SenderReport> reports = new ArrayList<>();
    final List<String> refusals = new ArrayList<>();
    long firstVideoTimestamp = -1;
    long firstAudioTimestamp = -1;
    long keyframeWishes;
    long restarts;
    long sentBytes;
    long sentDatagrams;
    long lostDatagrams;
    boolean silent;
    /// Whether it says how much it may get, of what came.
    boolean limits;
    /// Of the publisher; keyframes of them are asked for there.
    @Nullable
    Layers layers;
    /// Is told of all wishes where the viewer is one of many.
    OutboundMedia.@Nullable Needs session;

    Path path;
    long now;

    private final Random random;
    private final SrtpReceiver srtp = new SrtpReceiver(KEYS);
    private final RtpReceiver video;
    private final RtpReceiver audio;
    private final TransportArrivals arrivals = new TransportArrivals(9);
    /// For who gets no transport-wide numbers.
    private final ReceiveEstimate estimate = new ReceiveEstimate();
    private long limitNanos;
    private long missedBefore;
    private final PriorityQueue<Arrival> onTheWay =
            new PriorityQueue<>(Comparator.comparingLong(Arrival::nanos).thenComparingLong(Arrival::order));
    private final Packetizer videoPacketizer;
    private final Packetizer audioPacketizer;
    private long linkFreeNanos;
    private long order;
    private long arrivalsNanos;
    private long tickNanos;

    SimulatedViewer(long seed, Path path, List<String> videoFeedback, Frame picture, Frame sound) {
        this(seed, path, videoFeedback, Repeats.RTX, picture, sound);
    }

    SimulatedViewer(long seed, Path path, List<String> videoFeedback, Repeats repeats, Frame picture, Frame sound) {
        boolean limited = videoFeedback.contains("goog-remb");
        this.random = new Random(seed);
        this.path = path;
        PayloadFormat vp8 = new PayloadFormat(96, "VP8", 90_000, 1, "", videoFeedback);
        PayloadFormat rtx = new PayloadFormat(97, "rtx", 90_000, 1, "apt=96", List.of());
        PayloadFormat opus = new PayloadFormat(
                111,
                "opus",
                48_000,
                2,
                "",
                videoFeedback.contains("transport-cc") ? List.of("transport-cc") : List.of());
        List<PayloadFormat> formats = repeats == Repeats.RTX ? List.of(vp8, rtx) : List.of(vp8);
        OptionalLong rtxSsrc = repeats == Repeats.RTX ? OptionalLong.of(VIDEO_SSRC + 1) : OptionalLong.empty();
        Map<String, Integer> extensions =
                Map.of(limited ? AgreedMedia.ABS_SEND_TIME : AgreedMedia.TRANSPORT_WIDE, NUMBER_ID);
        List<AgreedMedia> agreed = List.of(
                new AgreedMedia(
                        AgreedMedia.Kind.VIDEO,
                        "0",
                        formats,
                        extensions,
                        List.of(),
                        true,
                        new AgreedMedia.Source(VIDEO_SSRC, rtxSsrc, "cname")),
                new AgreedMedia(
                        AgreedMedia.Kind.AUDIO,
                        "1",
                        List.of(opus),
                        extensions,
                        List.of(),
                        true,
                        new AgreedMedia.Source(AUDIO_SSRC, OptionalLong.empty(), "cname")));
        PeerClock clock = new PeerClock(0);
        video = new RtpReceiver(new RtpReceiver.Options(Track.VIDEO, 9), formats, clock);
        audio = new RtpReceiver(new RtpReceiver.Options(Track.AUDIO, 9), List.of(opus), clock);
        videoPacketizer = Packetizer.of(picture.track().codec(), Packetizer.USUAL_PAYLOAD_BYTES);
        audioPacketizer = Packetizer.of(sound.track().codec(), Packetizer.USUAL_PAYLOAD_BYTES);
        media = new OutboundMedia(agreed, KEYS, this, new byte[2_048], this, LayerLimit.ALL, 0, Instant.EPOCH);
    }

    FramePackets cut(Frame frame) {
        boolean picture = frame.track().isVideo();
        return FramePackets.of(frame, picture && frame.keyframe(), picture ? videoPacketizer : audioPacketizer);
    }

    /// Frames come when they are due, from the stream to the viewer; returns when so much time has passed.
    void play(List<Frame> frames, long untilNanos) {
        int next = 0;
        while (now > 0 && next < frames.size() && frames.get(next).dtsNanos() <= now) {
            next++;
        }
        while (now < untilNanos) {
            now += 5 * MILLI;
            while (next < frames.size() && frames.get(next).dtsNanos() <= now) {
                media.frame(cut(frames.get(next++)), Layers.STREAM, now);
            }
            step();
        }
    }

    void step() {
        media.pump(now);
        settle();
    }

    /// What comes by itself: the clock, what arrives, and what the viewer says of it.
    void settle() {
        if (now - tickNanos >= 20 * MILLI) {
            tickNanos = now;
            media.tick(now);
        }
        while (!onTheWay.isEmpty() && onTheWay.peek().nanos() <= now) {
            Arrival arrival = onTheWay.poll();
            if (arrival.feedback() != null) {
                media.rtcp(Rtcp.write(arrival.feedback()), now);
            } else {
                open(arrival.datagram(), arrival.nanos());
            }
        }
        video.poll(now, this::picture);
        audio.poll(now, sounds::add);
        feedback();
    }

    private void picture(Frame frame) {
        pictures.add(frame);
        shownNanos.put(frame.data(), now);
    }

    private void open(Bytes datagram, long nanos) {
        byte[] bytes = datagram.toByteArray();
        int type = bytes[1] & 0xFF;
        if (type >= 192 && type <= 223) {
            for (Rtcp packet : Rtcp.parse(srtp.unprotectRtcp(bytes, 0, bytes.length))) {
                if (packet instanceof Rtcp.SenderReport report) {
                    reports.add(report);
                    video.senderReport(report, nanos);
                    audio.senderReport(report, nanos);
                }
            }
            return;
        }
        Bytes plain = srtp.unprotectRtp(bytes, 0, bytes.length);
        if (plain == null) {
            return;
        }
        RtpPacket packet = RtpPacket.parse(plain);
        Bytes number = packet.extension(NUMBER_ID);
        if (number != null && number.length() == 3) {
            estimate.received(bytes.length, number.u24(0), nanos);
        } else if (number != null) {
            arrivals.received(number.u16(0), nanos);
        }
        if (packet.payloadType() == 111) {
            firstAudioTimestamp = firstAudioTimestamp < 0 ? packet.timestamp() : firstAudioTimestamp;
            audio.receive(packet, nanos);
        } else {
            firstVideoTimestamp = firstVideoTimestamp < 0 ? packet.timestamp() : firstVideoTimestamp;
            video.receive(packet, nanos);
        }
    }

    private void feedback() {
        List<Rtcp> out = new ArrayList<>();
        video.feedback(now, out);
        List<Rtcp> unwanted = new ArrayList<>();
        audio.feedback(now, unwanted);
        if (now - arrivalsNanos >= FEEDBACK_NANOS) {
            arrivalsNanos = now;
            Rtcp.TransportFeedback report = arrivals.feedback(VIDEO_SSRC);
            if (report != null) {
                out.add(report);
            }
        }
        if (limits && now - limitNanos >= (estimate.urgent() ? URGENT_LIMIT_NANOS : LIMIT_NANOS)) {
            limitNanos = now;
            long missed = video.missedPackets();
            out.add(new Rtcp.BitrateLimit(9, estimate.limit(missed - missedBefore, now), List.of(VIDEO_SSRC)));
            missedBefore = missed;
        }
        if (!silent && !out.isEmpty() && random.nextDouble() >= path.loss()) {
            onTheWay.add(new Arrival(now + path.delayNanos(), order++, null, out));
        }
    }

    @Override
    public void send(byte[] bytes, int offset, int length) {
        sentBytes += length;
        sentDatagrams++;
        linkFreeNanos = Math.max(linkFreeNanos, now);
        long waits = (linkFreeNanos - now) * path.bitsPerSecond() / 8 / SECOND;
        if (waits + length > path.queueBytes() || random.nextDouble() < path.loss()) {
            lostDatagrams++;
            return;
        }
        linkFreeNanos += 8L * length * SECOND / path.bitsPerSecond();
        Bytes datagram = Bytes.wrap(Arrays.copyOfRange(bytes, offset, offset + length));
        onTheWay.add(new Arrival(linkFreeNanos + path.delayNanos(), order++, datagram, null));
    }

    @Override
    public @Nullable Layers layers() {
        return layers;
    }

    @Override
    public void placed() {
        if (session != null) {
            session.placed();
        }
    }

    @Override
    public void change(int to) {
        if (session != null) {
            session.change(to);
        } else if (layers != null) {
            layers.requestKeyframe(to == Layers.STREAM ? layers.chosen() : to);
        }
    }

    @Override
    public void restart() {
        restarts++;
        if (session != null) {
            session.restart();
        }
    }

    @Override
    public void keyframe() {
        keyframeWishes++;
        if (session != null) {
            session.keyframe();
        } else {
            change(media.layer().wanted());
        }
    }

    @Override
    public void cannotFollow(String reason) {
        refusals.add(reason);
    }
}
