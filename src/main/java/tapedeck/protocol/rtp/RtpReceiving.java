package tapedeck.protocol.rtp;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.udp.PortPairs;
import tapedeck.rtp.RtpTracks;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A stream that comes by RTP to ports of ours. All of it is on one event loop.
final class RtpReceiving {
    /// Enough to decode pictures that come reordered before the first one is shown.
    static final long REORDER_ROOM_NANOS = 200_000_000L;
    /// A source that sent and sends nothing any more is gone; one that never did may still begin.
    static final long GONE_NANOS = 10_000_000_000L;

    static final long NEVER_NANOS = 300_000_000_000L;

    /// RFC 3264 5.1: a port that is not known yet.
    private static final int DISCARD_PORT = 9;

    private static final long TICK_MILLIS = 20;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final Logger log = LoggerFactory.getLogger(RtpReceiving.class);

    private final String id;
    private final StreamName name;
    private final Streams streams;
    private final EventLoop loop;
    private final Runnable ended;
    private final RtpTracks tracks;
    private final List<ReceivedTrack> sections = new ArrayList<>();
    private final long startNanos = System.nanoTime();
    private Publisher.Expects expects = Publisher.Expects.UNKNOWN;
    private @Nullable ScheduledFuture<?> tick;
    private long reportedNanos;
    private boolean over;
    // Asked for by other threads.
    private volatile @Nullable Publication publication;

    RtpReceiving(String id, StreamName name, Streams streams, EventLoop loop, Runnable ended) {
        this.id = id;
        this.name = name;
        this.streams = streams;
        this.loop = loop;
        this.ended = ended;
        this.tracks = new RtpTracks(startNanos, REORDER_ROOM_NANOS, "rtp \"" + name + "\"", this::write, this::missed);
    }

    StreamName name() {
        return name;
    }

    String mediaSessionId() {
        Publication now = publication;
        return now == null ? "" : now.stream().mediaSessionId();
    }

    /// The first picture and the first sound of the offer that can be received, each on a pair of ports, with keys
    /// where the offer has some. On the event loop.
    ///
    /// @param host by which the peer reaches us
    /// @return the answer, RFC 3264 6
    /// @throws IOException if nothing fits, or no ports are free
    SessionDescription open(SessionDescription offer, PortPairs ports, InetAddress host, SecureRandom random)
            throws IOException {
        InetAddress local = host.isLoopbackAddress() ? host : new InetSocketAddress(0).getAddress();
        List<MediaDescription> answered = new ArrayList<>();
        boolean video = false;
        boolean audio = false;
        for (int i = 0; i < offer.media().size(); i++) {
            MediaDescription section = offer.media().get(i);
            List<PayloadFormat> known = section.payloadFormats().stream()
                    .filter(Depacketizer::supports)
                    .toList();
            boolean secure = section.protocol().startsWith("RTP/SAVP");
            Optional<CryptoLine> theirs = CryptoLine.best(section);
            boolean wanted =
                    section.type().equals("video") && !video || section.type().equals("audio") && !audio;
            if (!wanted || known.isEmpty() || secure && theirs.isEmpty()) {
                answered.add(rejected(section));
                continue;
            }
            int trackId = section.type().equals("video") ? Track.VIDEO : Track.AUDIO;
            video |= trackId == Track.VIDEO;
            audio |= trackId == Track.AUDIO;
            Optional<CryptoLine> ours =
                    theirs.map(line -> CryptoLine.random(line.tag(), line.keys().profile(), random));
            tracks.add(i, trackId, known, RtpTracks.Reports.SENT);
            ReceivedTrack track = new ReceivedTrack(i, tracks, theirs, ours, ports, loop, local, tracks::poll);
            sections.add(track);
            answered.add(accepted(section, known, track.port(), ours));
        }
        if (sections.isEmpty()) {
            throw new IOException("nothing of this description can be received: " + offered(offer));
        }
        expects = Publisher.Expects.of(video, audio);
        tick = loop.scheduleWithFixedDelay(this::ticked, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        String connection = SentTrack.connection(host);
        return new SessionDescription(
                "- 1 1 " + connection,
                name.value(),
                connection,
                "0 0",
                List.of(new Attribute("tool", "Tapedeck")),
                answered);
    }

    private static String offered(SessionDescription offer) {
        return String.join(
                ", ",
                offer.media().stream()
                        .map(section -> section.type() + " " + String.join(" ", section.formats()))
                        .toList());
    }

    private static MediaDescription rejected(MediaDescription section) {
        return new MediaDescription(section.type(), 0, section.protocol(), section.formats(), "", List.of());
    }

    private static MediaDescription accepted(
            MediaDescription section, List<PayloadFormat> known, int port, Optional<CryptoLine> ours) {
        List<Attribute> attributes = new ArrayList<>();
        for (PayloadFormat format : known) {
            attributes.add(new Attribute("rtpmap", format.rtpmap()));
            if (!format.parameters().isEmpty()) {
                attributes.add(new Attribute("fmtp", format.payloadType() + " " + format.parameters()));
            }
            for (String feedback : format.feedback()) {
                attributes.add(new Attribute("rtcp-fb", format.payloadType() + " " + feedback));
            }
        }
        ours.ifPresent(line -> attributes.add(new Attribute("crypto", line.value())));
        attributes.add(new Attribute("recvonly"));
        List<String> types = known.stream()
                .map(format -> Integer.toString(format.payloadType()))
                .toList();
        return new MediaDescription(section.type(), port, section.protocol(), types, "", attributes);
    }

    /// What we would take, for whoever asks us first. Codecs that need to be described by their sender are not among
    /// them.
    static SessionDescription offer() {
        return new SessionDescription(
                "- 1 1 IN IP4 0.0.0.0",
                "-",
                "",
                "0 0",
                List.of(),
                List.of(
                        section("video", List.of("96 H264/90000", "97 H265/90000", "98 VP8/90000", "99 VP9/90000")),
                        section("audio", List.of("111 opus/48000/2", "0 PCMU/8000", "8 PCMA/8000", "9 G722/8000"))));
    }

    private static MediaDescription section(String type, List<String> maps) {
        List<Attribute> attributes = new ArrayList<>();
        maps.forEach(map -> attributes.add(new Attribute("rtpmap", map)));
        if (type.equals("video")) {
            attributes.add(new Attribute("fmtp", "96 packetization-mode=1"));
            maps.forEach(map -> attributes.add(new Attribute("rtcp-fb", map.split(" ", 2)[0] + " goog-remb")));
        }
        List<String> types = maps.stream().map(map -> map.split(" ", 2)[0]).toList();
        return new MediaDescription(type, DISCARD_PORT, "RTP/AVP", types, "", attributes);
    }

    /// A name is taken when the first frame is there.
    private void write(Frame frame) {
        Publication out = publication;
        if (out == null && !over) {
            Publisher publisher = new Publisher(
                    Publisher.Protocol.RTP, "rtp", id, "rtp", Publisher.RecordWish.AS_CONFIGURED, expects);
            try {
                out = streams.publish(name, publisher, feedback());
                publication = out;
                log.info("rtp \"{}\": receiving", name);
            } catch (NameTakenException _) {
                end("the name is taken");
            }
        }
        if (out != null) {
            out.write(frame);
        }
    }

    private void missed(long frames) {
        Publication out = publication;
        if (out != null) {
            out.missed(frames);
        }
    }

    private Feedback feedback() {
        return new Feedback() {
            @Override
            public void requestKeyframe() {
                loop.execute(tracks::requestKeyframe);
            }

            @Override
            public void watched(boolean live) {
                // Datagrams are read as they come.
            }

            @Override
            public void terminate(String reason) {
                loop.execute(() -> end(reason));
            }
        };
    }

    private void ticked() {
        if (over) {
            return;
        }
        try {
            long now = System.nanoTime();
            tracks.poll(now);
            if (now - reportedNanos >= SECOND_NANOS) {
                reportedNanos = now;
                tracks.feedback(
                        now, (index, compound) -> sections.get(place(index)).report(compound));
            }
            boolean began = tracks.packets() > 0;
            if (tracks.isOver()) {
                end("the source said that it is over");
            } else if (now - tracks.lastMediaNanos() > (began ? GONE_NANOS : NEVER_NANOS)) {
                end(began ? "nothing came for 10 s" : "nothing ever came");
            }
        } catch (RuntimeException bug) {
            log.error("rtp \"{}\": a bug ends it", name, bug);
            end("internal error");
        }
    }

    /// Of a section's track among those that were accepted.
    private int place(int index) {
        for (int i = 0; i < sections.size(); i++) {
            if (sections.get(i).index() == index) {
                return i;
            }
        }
        throw new IllegalStateException("no section " + index);
    }

    /// Again without effect. On the event loop.
    void end(String reason) {
        if (over) {
            return;
        }
        tracks.close();
        over = true;
        ScheduledFuture<?> ticking = tick;
        if (ticking != null) {
            ticking.cancel(false);
        }
        long strangers = sections.stream().mapToLong(ReceivedTrack::strangers).sum();
        sections.forEach(ReceivedTrack::close);
        Publication out = publication;
        if (out != null) {
            out.close(reason);
        }
        log.info("rtp \"{}\" ended: {} ({} datagrams of strangers)", name, reason, strangers);
        ended.run();
    }
}
