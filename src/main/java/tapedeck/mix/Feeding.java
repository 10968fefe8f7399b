package tapedeck.mix;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import tapedeck.container.FileLine;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.SoundEncoder;
import tapedeck.transcode.picture.PictureEncoder;

/// Hands the packets of a file to a worker, step by step and never far ahead of what is mixed.
final class Feeding {
    /// Steps that are not answered yet: while one is mixed the next one is there.
    private static final int STEPS_AHEAD = 2;
    /// A decoder gives a picture only when it has those that it waits for.
    private static final long PICTURES_AHEAD_NANOS = 1_000_000_000L;

    private static final int LEAST_PICTURES_AHEAD = 3;
    /// What decoders and the change of rate hold back.
    private static final long SOUND_AHEAD_NANOS = 200_000_000L;
    /// Sound that is mixed in front of the pictures waits in memory, 2 MB of it. As long as the longest part, so that
    /// nothing of it is left to do while the last pictures are made.
    private static final long SOUND_BEFORE_PICTURES_NANOS = 120_000_000_000L;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final MixProcess process;
    private final int mix;
    private final List<Fed> lines = new ArrayList<>();

    /// A line on its way.
    private static final class Fed {
        private final int number;
        private final FileLine.Cursor cursor;
        private final Deque<Long> lastSentNanos = new ArrayDeque<>();
        private Codec codec;
        private boolean ended;

        Fed(int number, FileLine.Cursor cursor, Codec codec) {
            this.number = number;
            this.cursor = cursor;
            this.codec = codec;
        }

        /// Whether so many packets from this time on were sent.
        private boolean isAhead(long nanos, int count) {
            return lastSentNanos.size() == count && lastSentNanos.getFirst() >= nanos;
        }

        private void sent(long nanos, int count) {
            if (lastSentNanos.size() == count) {
                lastSentNanos.removeFirst();
            }
            lastSentNanos.addLast(nanos);
        }
    }

    private Feeding(MixProcess process, Consumer<Answer> answers) {
        this.process = process;
        mix = process.begin(answers);
    }

    /// Mixes the pictures from one tick to another.
    static void pictures(
            MixProcess process,
            List<FileLine> lines,
            Ask.Scene scene,
            List<Ask.Speaker> speakers,
            PictureEncoder.Options options,
            long fromTick,
            long untilTick,
            Consumer<Answer> answers,
            Stop stop)
            throws IOException, MixFailedException, InterruptedException {
        Feeding feeding = new Feeding(process, answers);
        process.send(new Ask.OpenPictures(feeding.mix, Pace.OFFLINE, options, scene, fromTick, speakers));
        long from = fromTick * NANOS_PER_SECOND / options.ticksPerSecond();
        long until = untilTick * NANOS_PER_SECOND / options.ticksPerSecond();
        for (int i = 0; i < lines.size(); i++) {
            FileLine line = lines.get(i);
            if (line.codec() instanceof Codec.Video && line.startNanos() < until && line.endNanos() > from) {
                feeding.join(i, line, from);
            }
        }
        int step = Math.max(1, options.ticksPerSecond() / 2);
        for (long tick = fromTick; tick < untilTick && !stop.isAsked(); ) {
            tick = Math.min(untilTick, tick + step);
            feeding.feed(
                    tick * NANOS_PER_SECOND / options.ticksPerSecond() + PICTURES_AHEAD_NANOS, LEAST_PICTURES_AHEAD);
            feeding.advance(tick);
        }
        feeding.finish();
    }

    /// Mixes all sound.
    static void sound(MixProcess process, List<FileLine> lines, long durationNanos, Assembly assembly)
            throws IOException, MixFailedException, InterruptedException {
        Feeding feeding = new Feeding(process, answer -> assembly.accept(-1, answer));
        process.send(new Ask.OpenSound(feeding.mix, 0, true, false));
        feeding.sound(lines, durationNanos, nanos -> assembly.awaitWritten(nanos - SOUND_BEFORE_PICTURES_NANOS));
    }

    /// Hears who is the loudest when.
    static void loudest(MixProcess process, List<FileLine> lines, long durationNanos, Consumer<Answer.Loudest> heard)
            throws IOException, MixFailedException, InterruptedException {
        Feeding feeding = new Feeding(process, answer -> {
            if (answer instanceof Answer.Loudest loudest) {
                heard.accept(loudest);
            }
        });
        process.send(new Ask.OpenSound(feeding.mix, 0, false, true));
        feeding.sound(lines, durationNanos, _ -> true);
    }

    /// Whether to go on to this time.
    private interface Wait {
        boolean until(long nanos) throws InterruptedException;
    }

    private void sound(List<FileLine> all, long durationNanos, Wait wait)
            throws IOException, MixFailedException, InterruptedException {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).codec() instanceof Codec.Audio) {
                join(i, all.get(i), 0);
            }
        }
        long samples = SoundMix.samples(durationNanos);
        for (long sample = 0; sample < samples; ) {
            sample = Math.min(samples, sample + SoundEncoder.RATE_HZ / 2);
            long nanos = sample * NANOS_PER_SECOND / SoundEncoder.RATE_HZ;
            if (!wait.until(nanos)) {
                break;
            }
            feed(nanos + SOUND_AHEAD_NANOS, 1);
            advance(sample);
        }
        finish();
    }

    /// Whether it is to end early.
    interface Stop {
        boolean isAsked();
    }

    private void join(int number, FileLine line, long fromNanos) throws IOException {
        lines.add(new Fed(number, line.from(fromNanos), line.codec()));
        process.send(new Ask.Join(
                mix,
                number,
                line.name(),
                line.rotationDegrees(),
                line.startNanos(),
                line.endNanos(),
                CodedSource.of(line.codec())));
    }

    /// All packets before this time, and so many more.
    private void feed(long untilNanos, int more) throws IOException {
        for (Fed line : lines) {
            while (line.cursor.hasNext() && !line.isAhead(untilNanos, more)) {
                line.sent(line.cursor.dtsNanos(), more);
                Frame frame = line.cursor.next();
                if (frame != null) {
                    send(line, frame);
                }
            }
            if (!line.cursor.hasNext() && !line.ended) {
                line.ended = true;
                process.send(new Ask.End(mix, line.number));
            }
        }
    }

    private void send(Fed line, Frame frame) {
        Codec codec = frame.track().codec();
        if (!codec.equals(line.codec)) {
            line.codec = codec;
            process.send(new Ask.Change(mix, line.number, CodedSource.of(codec)));
        }
        process.send(new Ask.Packet(mix, line.number, frame.ptsNanos(), frame.keyframe(), frame.data()));
    }

    private void advance(long until) throws MixFailedException, InterruptedException {
        process.send(new Ask.Advance(mix, until));
        process.await(mix, STEPS_AHEAD - 1);
    }

    private void finish() throws MixFailedException, InterruptedException {
        process.send(new Ask.Finish(mix));
        process.await(mix, 0);
    }
}
