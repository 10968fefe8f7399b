package tapedeck.mix;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.FinishOptions;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Summary;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.SoundEncoder;

/// Joins the pictures of all segments and the sound to one file, in their order and second by second, whoever of those
/// that make them is faster.
final class Assembly {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /// In a finished file, for each frame; and the rest of the index.
    private static final int INDEX_BYTES = 12;

    private static final int HEAD_BYTES = 16 << 10;

    private final Plan plan;
    private final MixFile file;
    private final DiskSpace space;
    private final LongConsumer progress;
    private final Map<Integer, List<Answer.Picture>> later = new TreeMap<>();
    private final Map<Integer, Boolean> done = new TreeMap<>();
    private final Deque<Frame> pictures = new ArrayDeque<>();
    private final Deque<Frame> sounds = new ArrayDeque<>();
    private @Nullable Bytes header;
    private @Nullable Track pictureTrack;
    private final Track soundTrack = new Track(Track.AUDIO, CodedSource.encodedSound());
    private @Nullable Muxer muxer;
    private int segment;
    private long soundFrames;
    private boolean soundDone;
    private long writtenNanos;
    private boolean full;
    private boolean ended;
    private @Nullable IOException failure;

    /// What is to be written.
    ///
    /// @param segments of pictures; none without pictures
    /// @param sound whether there is sound
    record Plan(int segments, boolean sound, int ticksPerSecond, long durationNanos, Instant startedAt, String title) {
        long nanos(long tick) {
            return tick * NANOS_PER_SECOND / ticksPerSecond;
        }
    }

    Assembly(Plan plan, MixFile file, DiskSpace space, LongConsumer progress) {
        this.plan = plan;
        this.file = file;
        this.space = space;
        this.progress = progress;
    }

    /// Takes what a worker made of a segment.
    synchronized void accept(int of, Answer answer) {
        switch (answer) {
            case Answer.Header given -> header = given.avcC();
            case Answer.Picture picture -> {
                if (of == segment) {
                    add(picture);
                } else {
                    later.computeIfAbsent(of, _ -> new ArrayList<>()).add(picture);
                }
            }
            case Answer.Sound sound -> {
                long nanos = soundNanos(soundFrames++);
                sounds.add(new Frame(soundTrack, nanos, nanos, true, sound.data()));
            }
            case Answer.Loudest _, Answer.Done _ -> {}
        }
        write();
    }

    private static long soundNanos(long frame) {
        return frame * SoundEncoder.FRAME_SAMPLES * NANOS_PER_SECOND / SoundEncoder.RATE_HZ;
    }

    private void add(Answer.Picture picture) {
        Track track = pictureTrack;
        if (track == null) {
            Bytes avcC = header;
            if (avcC == null) {
                throw new IllegalStateException("a picture in front of its header");
            }
            track = new Track(Track.VIDEO, CodedSource.encodedPictures(avcC));
            pictureTrack = track;
        }
        long nanos = plan.nanos(picture.tick());
        pictures.add(new Frame(track, nanos, nanos, picture.keyframe(), picture.data()));
    }

    synchronized void segmentDone(int of) {
        done.put(of, true);
        while (done.containsKey(segment)) {
            segment++;
            List<Answer.Picture> waiting = later.remove(segment);
            if (waiting != null) {
                waiting.forEach(this::add);
            }
        }
        write();
        notifyAll();
    }

    synchronized void soundDone() {
        soundDone = true;
        write();
    }

    /// Waits until no more than `ahead` segments are made in front of those that are written.
    ///
    /// @return false if nothing more is needed
    synchronized boolean awaitSegment(int of, int ahead) throws InterruptedException {
        while (of > segment + ahead && !isOver()) {
            wait();
        }
        return !isOver();
    }

    /// Waits until the file has reached this time.
    ///
    /// @return false if nothing more is needed
    synchronized boolean awaitWritten(long nanos) throws InterruptedException {
        while (writtenNanos < nanos && segment < plan.segments() && !isOver()) {
            wait();
        }
        return !isOver();
    }

    /// Nobody waits any more.
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /// Whether nothing more is needed.
    synchronized boolean isOver() {
        return ended || full || failure != null;
    }

    /// All whole seconds that are there.
    private void write() {
        try {
            while (!isOver() && reaches(writtenNanos + NANOS_PER_SECOND)) {
                if (!space.isEnough()) {
                    full = true;
                } else {
                    flush(writtenNanos + NANOS_PER_SECOND);
                }
                notifyAll();
            }
        } catch (IOException e) {
            failure = e;
            notifyAll();
        }
    }

    private boolean reaches(long nanos) {
        boolean picturesThere = segment >= plan.segments()
                || !pictures.isEmpty() && pictures.getLast().ptsNanos() >= nanos;
        boolean soundThere = !plan.sound()
                || soundDone
                || !sounds.isEmpty() && sounds.getLast().ptsNanos() >= nanos;
        return picturesThere && soundThere && !(pictures.isEmpty() && sounds.isEmpty());
    }

    private void flush(long untilNanos) throws IOException {
        Muxer to = muxer();
        take(pictures, untilNanos, to);
        take(sounds, untilNanos, to);
        to.flush();
        writtenNanos = untilNanos;
        progress.accept(Math.min(writtenNanos, plan.durationNanos()));
    }

    private static void take(Deque<Frame> frames, long untilNanos, Muxer to) throws IOException {
        while (!frames.isEmpty() && frames.getFirst().ptsNanos() < untilNanos) {
            to.write(frames.removeFirst());
        }
    }

    private Muxer muxer() throws IOException {
        Muxer open = muxer;
        if (open == null) {
            List<Track> tracks = new ArrayList<>();
            Track video = pictureTrack;
            if (video != null) {
                tracks.add(video);
            }
            if (plan.sound()) {
                tracks.add(soundTrack);
            }
            open = Container.MP4.muxer(file, tracks, new MuxerOptions(plan.startedAt(), reserveBytes(), plan.title()));
            muxer = open;
        }
        return open;
    }

    private int reserveBytes() {
        long seconds = plan.durationNanos() / NANOS_PER_SECOND + 1;
        long frames = (plan.segments() == 0 ? 0 : seconds * plan.ticksPerSecond())
                + (plan.sound() ? seconds * SoundEncoder.RATE_HZ / SoundEncoder.FRAME_SAMPLES : 0);
        return (int) Math.min(HEAD_BYTES + INDEX_BYTES * frames, 64 << 20);
    }

    /// Writes the rest and makes it an ordinary file.
    ///
    /// @return nothing if there is nothing to write
    synchronized Summary finish() throws IOException, MixFailedException {
        if (failure != null) {
            throw failure;
        }
        if (!full) {
            flush(Long.MAX_VALUE);
        }
        Muxer written = muxer;
        if (written == null) {
            throw new MixFailedException(Reason.NO_SPACE, space.complaint());
        }
        written.close();
        return Container.MP4.finish(file.channel(), FinishOptions.DEFAULT);
    }

    synchronized boolean isWhole() {
        return !full;
    }
}
