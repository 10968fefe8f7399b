package tapedeck.record;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher.Expects;
import tapedeck.stream.Stream;

/// The frames that wait for a part to begin, because not every track is known yet.
final class Beginning {
    /// How long a recording waits for a track that was announced.
    static final long MAX_WAIT_NANOS = 2_000_000_000L;
    /// What may be gathered while it waits.
    static final long MAX_BYTES = 8 << 20;

    private final Stream stream;
    private final UnaryOperator<Track> recorded;
    private final int maxSoundPackets;
    private final TreeMap<Integer, Track> latest = new TreeMap<>();
    private List<Item.Media> frames = new ArrayList<>();
    private long bytes;
    private int soundPackets;
    private boolean waitedOnce;

    /// @param recorded what is recorded of a track that was announced
    /// @param maxSoundPackets `record_audio_buffer_max_size`
    Beginning(Stream stream, UnaryOperator<Track> recorded, int maxSoundPackets) {
        this.maxSoundPackets = maxSoundPackets;
        this.stream = stream;
        this.recorded = recorded;
    }

    /// Remembers the newest form of each track.
    void seen(Track track) {
        if (!track.equals(latest.get(track.id()))) {
            latest.put(track.id(), track);
        }
    }

    void add(Item.Media media) {
        frames.add(media);
        bytes += media.frame().data().length();
        soundPackets += media.frame().track().isAudio() ? 1 : 0;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /// Everything that waits; nothing does afterwards.
    List<Item.Media> take() {
        List<Item.Media> taken = frames;
        frames = new ArrayList<>();
        bytes = 0;
        soundPackets = 0;
        return taken;
    }

    /// Whether the first part of a recording can begin: every track that can be expected is there, or it is late.
    /// Asked once per drain.
    boolean complete() {
        boolean video = latest.values().stream().anyMatch(Track::isVideo);
        boolean audio = known().stream().anyMatch(Track::isAudio);
        boolean videoAnnounced = stream.tracks().stream().anyMatch(Track::isVideo);
        Expects expects = stream.publisher().expects();
        boolean complete = switch (expects) {
            case BOTH, VIDEO, AUDIO -> (video || !(expects.video() || videoAnnounced)) && (audio || !expects.audio());
            case UNKNOWN -> (video && audio) || (waitedOnce && (video || !videoAnnounced));
        };
        waitedOnce = true;
        long spanNanos =
                frames.getLast().frame().dtsNanos() - frames.getFirst().frame().dtsNanos();
        boolean enoughSound = soundPackets >= maxSoundPackets && !video;
        return complete || enoughSound || spanNanos >= MAX_WAIT_NANOS || bytes >= MAX_BYTES;
    }

    /// The tracks for a file that begins with these frames: theirs, those that were seen before, and audio that was
    /// announced. Video that was only announced may be half known.
    Collection<Track> known() {
        TreeMap<Integer, Track> known = new TreeMap<>();
        for (Item.Media media : frames) {
            known.putIfAbsent(media.frame().track().id(), media.frame().track());
        }
        latest.forEach(known::putIfAbsent);
        for (Track track : stream.tracks()) {
            if (track.isAudio()) {
                known.putIfAbsent(track.id(), recorded.apply(track));
            }
        }
        return known.values();
    }

    long firstPtsNanos() {
        long first = Long.MAX_VALUE;
        for (Item.Media media : frames) {
            first = Math.min(first, media.frame().ptsNanos());
        }
        return first;
    }
}
