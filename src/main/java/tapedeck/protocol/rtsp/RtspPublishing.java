package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpReceiver;
import tapedeck.rtp.TrackGuard;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publication of a connection: packets of the tracks that were set up become frames of a stream.
final class RtspPublishing implements Feedback {
    /// So much lies between time 0 of the stream and its first picture, where there are any: enough to decode those
    /// that come reordered before the first one is shown.
    static final long REORDER_ROOM_NANOS = 200_000_000L;

    /// Nearer deadlines of the receivers are met by a timer; the others by the connection's sweep.
    private static final long NEAR_NANOS = 500_000_000L;

    private static final long LEAST_TIMER_NANOS = 20_000_000L;
    private static final long LOG_NANOS = 1_000_000_000L;
    private static final int LOGIN_LETTERS = 8;
    private static final Logger log = LoggerFactory.getLogger(RtspPublishing.class);

    private final Connection connection;
    private final StreamName name;
    private final String login;
    private final List<AnnouncedTrack> tracks;
    private final Map<Integer, MediaPath> paths = new HashMap<>();
    private final Map<Integer, RtpReceiver> receivers = new HashMap<>();
    private final Map<Integer, TrackGuard> guards = new HashMap<>();
    private final Map<Integer, Integer> channels = new HashMap<>();
    private @Nullable Publication publication;
    private boolean overConnection;
    private boolean timerRuns;
    private boolean ended;
    private long lastMediaNanos;
    private long badPackets;
    private long unreportedPackets;
    private long reportedNanos;
    private String lastBad = "";

    /// @param login the publisher's name; one is made up for ""
    RtspPublishing(Connection connection, StreamName name, String login, List<AnnouncedTrack> tracks, Random random) {
        this.connection = connection;
        this.name = name;
        this.login = login.isEmpty() ? login(random) : login;
        this.tracks = tracks;
    }

    StreamName name() {
        return name;
    }

    List<AnnouncedTrack> tracks() {
        return tracks;
    }

    /// Whether any track was set up.
    boolean isSetUp() {
        return !paths.isEmpty();
    }

    boolean isSetUp(int index) {
        return paths.containsKey(index);
    }

    void setUp(int index, MediaPath path) {
        paths.put(index, path);
        if (path instanceof InterleavedPath interleaved) {
            overConnection = true;
            channels.put(interleaved.channel(), 2 * index);
            channels.put(interleaved.controlChannel(), 2 * index + 1);
        }
    }

    /// From now on there is a stream.
    void record(Streams streams) throws NameTakenException {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTSP,
                connection.peer(),
                UUID.randomUUID().toString(),
                login,
                Publisher.RecordWish.AS_CONFIGURED,
                expects());
        Publication published = streams.publish(name, publisher, this);
        publication = published;
        long now = System.nanoTime();
        lastMediaNanos = now;
        PeerClock clock = new PeerClock(now, expects().video() ? REORDER_ROOM_NANOS : 0);
        for (int index : paths.keySet()) {
            AnnouncedTrack track = tracks.get(index);
            if (track.id() != 0) {
                long ssrc = ThreadLocalRandom.current().nextLong(1L << 32);
                var options = new RtpReceiver.Options(track.id(), ssrc);
                receivers.put(index, new RtpReceiver(options, track.formats(), clock));
                guards.put(index, new TrackGuard(published::write));
            }
        }
        // Whoever subscribed in the meantime has put its wish behind this on the event loop.
        connection.paced(overConnection);
    }

    private Publisher.Expects expects() {
        boolean video = false;
        boolean audio = false;
        for (int index : paths.keySet()) {
            video |= tracks.get(index).id() == Track.VIDEO;
            audio |= tracks.get(index).id() == Track.AUDIO;
        }
        return video && audio
                ? Publisher.Expects.BOTH
                : video ? Publisher.Expects.VIDEO : audio ? Publisher.Expects.AUDIO : Publisher.Expects.UNKNOWN;
    }

    /// A packet on the connection; those on channels of nobody are dropped.
    void interleaved(RtspMessage.Interleaved message, long arrivalNanos) {
        Integer place = channels.get(message.channel());
        if (place != null) {
            receive(place / 2, place % 2 == 1, message.packet(), arrivalNanos);
        }
    }

    /// Takes what comes for this track by UDP.
    UdpPath.Inbox inbox(int index) {
        return new UdpPath.Inbox() {
            @Override
            public void packet(boolean control, Bytes packet) {
                receive(index, control, packet, System.nanoTime());
            }

            @Override
            public void receivedAll() {
                RtspPublishing.this.receivedAll(System.nanoTime());
            }
        };
    }

    void receive(int index, boolean control, Bytes packet, long arrivalNanos) {
        RtpReceiver receiver = receivers.get(index);
        if (receiver == null) {
            return;
        }
        try {
            if (control) {
                for (Rtcp rtcp : Rtcp.parse(packet)) {
                    if (rtcp instanceof Rtcp.SenderReport report) {
                        receiver.senderReport(report, arrivalNanos);
                    }
                }
            } else {
                receiver.receive(RtpPacket.parse(packet), arrivalNanos);
                lastMediaNanos = arrivalNanos;
            }
        } catch (MalformedException e) {
            bad(e);
        }
    }

    /// A batch of packets is in.
    void receivedAll(long nowNanos) {
        long deadline = Long.MAX_VALUE;
        for (Map.Entry<Integer, RtpReceiver> entry : receivers.entrySet()) {
            poll(entry, nowNanos);
            deadline = Math.min(deadline, entry.getValue().nextDeadlineNanos());
        }
        if (!timerRuns && deadline < nowNanos + NEAR_NANOS) {
            timerRuns = true;
            connection.executeAfter(Math.max(deadline - nowNanos, LEAST_TIMER_NANOS), () -> {
                timerRuns = false;
                swept(System.nanoTime());
            });
        }
    }

    private void poll(Map.Entry<Integer, RtpReceiver> track, long nowNanos) {
        TrackGuard guard = guards.get(track.getKey());
        if (guard != null) {
            track.getValue().poll(nowNanos, guard::write);
        }
    }

    /// Once a second, and when a receiver has something to do: reports to the peer (RFC 3550 6.4.2), and what waited
    /// long enough.
    void swept(long nowNanos) {
        if (ended || publication == null) {
            return;
        }
        for (Map.Entry<Integer, RtpReceiver> entry : receivers.entrySet()) {
            List<Rtcp> feedback = new ArrayList<>();
            entry.getValue().feedback(nowNanos, feedback);
            MediaPath path = paths.get(entry.getKey());
            // On a connection nothing is lost, and nobody who sends there asks how much.
            if (!feedback.isEmpty() && path instanceof UdpPath) {
                path.control(Rtcp.write(feedback));
            }
        }
        receivedAll(nowNanos);
    }

    /// When media came last.
    long lastMediaNanos() {
        return lastMediaNanos;
    }

    private void bad(MalformedException reason) {
        badPackets++;
        unreportedPackets++;
        lastBad = String.valueOf(reason.getMessage());
        if (badPackets == 1 || System.nanoTime() - reportedNanos >= LOG_NANOS) {
            reportBad();
        }
    }

    private void reportBad() {
        if (unreportedPackets > 0) {
            log.info(
                    "rtsp {} \"{}\": {} bad packets, the last: {}",
                    connection.peer(),
                    name,
                    unreportedPackets,
                    lastBad);
            unreportedPackets = 0;
            reportedNanos = System.nanoTime();
        }
    }

    /// Frees the name and the ports; what still waited is published.
    void end(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        connection.paced(false);
        for (Map.Entry<Integer, RtpReceiver> entry : receivers.entrySet()) {
            poll(entry, Long.MAX_VALUE / 2);
            entry.getValue().close();
        }
        paths.values().forEach(MediaPath::close);
        if (publication != null) {
            publication.close(reason);
        }
        reportBad();
    }

    /// What it was, with a space in front, for the line in the log when it is over.
    String summary() {
        long refused = guards.values().stream().mapToLong(TrackGuard::refused).sum();
        long strangers = paths.values().stream().mapToLong(MediaPath::strangers).sum();
        return " publishing \"%s\" (%d frames refused, %d datagrams of strangers)".formatted(name, refused, strangers);
    }

    private static String login(Random random) {
        StringBuilder login = new StringBuilder();
        for (int i = 0; i < LOGIN_LETTERS; i++) {
            login.append((char) ('a' + random.nextInt('z' - 'a' + 1)));
        }
        return login.toString();
    }

    /// Plain RTSP has no such message; some publishers announce that they understand one.
    @Override
    public void requestKeyframe() {
        if (tracks.stream()
                .flatMap(track -> track.formats().stream())
                .allMatch(format -> format.feedback().isEmpty())) {
            return;
        }
        connection.execute(() -> receivers.values().forEach(RtpReceiver::requestKeyframe));
    }

    @Override
    public void watched(boolean live) {
        connection.execute(() -> connection.paced(overConnection && !live && !ended));
    }

    @Override
    public void terminate(String reason) {
        connection.execute(() -> {
            if (!ended) {
                connection.end(reason);
            }
        });
    }
}
