package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpTracks;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.stream.Publisher;

/// The receiving end of one connection, whoever began it: packets of the tracks that were set up, on whatever way they
/// come, become frames. A publisher here and a camera that is pulled from differ in nothing of this. For the
/// connection's event loop alone.
final class MediaIntake {
    /// So much lies between time 0 of the stream and its first picture, where there are any: enough to decode those
    /// that come reordered before the first one is shown.
    static final long REORDER_ROOM_NANOS = 200_000_000L;

    /// Nearer deadlines of the receivers are met by a timer; the others by the connection's sweep.
    private static final long NEAR_NANOS = 500_000_000L;

    private static final long LEAST_TIMER_NANOS = 20_000_000L;

    /// RFC 2326 10.12: one byte says which.
    private static final int CHANNELS = 256;

    private static final int NOBODY = -1;

    private final Connection connection;
    private final List<AnnouncedTrack> tracks;
    private final Map<Integer, MediaPath> paths = new HashMap<>();
    /// What comes on each channel of the connection: twice the track's index, and one more for its reports.
    private final int[] channels = new int[CHANNELS];
    private boolean overConnection;
    private @Nullable RtpTracks receiving;
    private boolean timerRuns;
    private boolean ended;
    private long strayPackets;

    MediaIntake(Connection connection, List<AnnouncedTrack> tracks) {
        this.connection = connection;
        this.tracks = tracks;
        Arrays.fill(channels, NOBODY);
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

    /// Whether media comes on the connection itself.
    boolean isOverConnection() {
        return overConnection;
    }

    void setUp(int index, MediaPath path) {
        paths.put(index, path);
        if (path instanceof InterleavedPath interleaved) {
            overConnection = true;
            channels[interleaved.channel()] = 2 * index;
            channels[interleaved.controlChannel()] = 2 * index + 1;
        }
    }

    /// Whether a track has this channel.
    boolean hasChannel(int channel) {
        return channels[channel] != NOBODY;
    }

    /// What will come.
    Publisher.Expects expects() {
        return Publisher.Expects.of(isSetUpAs(Track.VIDEO), isSetUpAs(Track.AUDIO));
    }

    private boolean isSetUpAs(int trackId) {
        return paths.keySet().stream().anyMatch(index -> tracks.get(index).id() == trackId);
    }

    /// The tracks of which the description says everything. Sound, that is: publishers gather a second of it before
    /// they send the first packet (RFC 3640), and pictures say more of themselves than what was announced.
    List<Track> described() {
        List<Track> known = new ArrayList<>();
        for (int index : paths.keySet()) {
            AnnouncedTrack track = tracks.get(index);
            if (track.id() == Track.AUDIO && track.formats().size() == 1) {
                Depacketizer.of(track.formats().getFirst())
                        .described()
                        .ifPresent(codec -> known.add(new Track(track.id(), codec)));
            }
        }
        return known;
    }

    /// From now on packets are frames.
    ///
    /// @param source for the log
    /// @param missed takes the number of frames that were just found to be missing
    void start(String source, Consumer<Frame> out, LongConsumer missed) {
        long room = expects().video() ? REORDER_ROOM_NANOS : 0;
        RtpTracks started = new RtpTracks(System.nanoTime(), room, source, out, missed);
        for (int index : paths.keySet()) {
            AnnouncedTrack track = tracks.get(index);
            if (track.id() != 0) {
                RtpTracks.Reports reports =
                        paths.get(index) instanceof UdpPath ? RtpTracks.Reports.SENT : RtpTracks.Reports.NONE;
                started.add(index, track.id(), track.formats(), reports);
            }
        }
        receiving = started;
    }

    /// A packet on the connection; those on channels of nobody are counted.
    void interleaved(RtspMessage.Interleaved message, long arrivalNanos) {
        int place = channels[message.channel()];
        if (place != NOBODY) {
            receive(place / 2, place % 2 == 1, message.packet(), arrivalNanos);
        } else {
            strayPackets++;
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
                MediaIntake.this.receivedAll(System.nanoTime());
            }
        };
    }

    private void receive(int index, boolean control, Bytes packet, long arrivalNanos) {
        RtpTracks started = receiving;
        if (started != null) {
            started.receive(index, control, packet, arrivalNanos);
        }
    }

    /// A batch of packets is in.
    void receivedAll(long nowNanos) {
        RtpTracks started = receiving;
        if (started == null || ended) {
            return;
        }
        long deadline = started.poll(nowNanos);
        if (!timerRuns && deadline < nowNanos + NEAR_NANOS) {
            timerRuns = true;
            connection.executeAfter(Math.max(deadline - nowNanos, LEAST_TIMER_NANOS), () -> {
                timerRuns = false;
                swept(System.nanoTime());
            });
        }
    }

    /// Once a second, and when a receiver has something to do: reports to the peer, and what waited long enough.
    void swept(long nowNanos) {
        RtpTracks started = receiving;
        if (started == null || ended) {
            return;
        }
        started.feedback(nowNanos, (index, compound) -> {
            MediaPath path = paths.get(index);
            if (path != null) {
                path.control(Rtcp.write(compound));
            }
        });
        receivedAll(nowNanos);
    }

    /// When media came last; when it began if none did.
    long lastMediaNanos() {
        RtpTracks started = receiving;
        return started == null ? 0 : started.lastMediaNanos();
    }

    /// Packets of media so far.
    long packets() {
        RtpTracks started = receiving;
        return started == null ? 0 : started.packets();
    }

    /// Whether the peer said that nothing comes any more.
    boolean isOver() {
        RtpTracks started = receiving;
        return started != null && started.isOver();
    }

    /// Plain RTSP has no such message; some publishers announce that they understand one.
    boolean canRequestKeyframe() {
        return !tracks.stream()
                .flatMap(track -> track.formats().stream())
                .allMatch(format -> format.feedback().isEmpty());
    }

    void requestKeyframe() {
        RtpTracks started = receiving;
        if (started != null) {
            started.requestKeyframe();
        }
    }

    /// What still waited is handed on, and the ports are free again.
    void end() {
        if (ended) {
            return;
        }
        ended = true;
        RtpTracks started = receiving;
        if (started != null) {
            started.close();
        }
        paths.values().forEach(MediaPath::close);
    }

    /// What was left out, for the log.
    String summary() {
        RtpTracks started = receiving;
        long strangers = paths.values().stream().mapToLong(MediaPath::strangers).sum();
        return "%d frames refused, %d datagrams of strangers, %d packets on channels of nobody"
                .formatted(started == null ? 0 : started.refused(), strangers, strayPackets);
    }
}
