package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import tapedeck.bytes.Bytes;
import tapedeck.container.FileLine;
import tapedeck.container.mp4.MovieLines;
import tapedeck.container.mp4.Mp4Cutter;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publication;

/// A process with little memory for a call of many that lasts for hours: records it faster than time, recovers it, or
/// reads all of it. Its frames are as many as those of people, and a few bytes long.
final class LongCallChild {
    static final int PICTURES_PER_SECOND = 30;
    static final int SOUNDS_PER_SECOND = 50;

    private static final long SECOND = 1_000_000_000L;
    private static final int GOP_SECONDS = 10;
    /// As stamps of real cameras are: the index has an entry for each picture then.
    private static final int JITTER_NANOS = 2_000_000;

    static final int FRAME_BYTES = 11;
    /// RFC 6386 9.1: of 640x360, and one that depends on it.
    private static final Bytes KEYFRAME = Bytes.ofHex("3000009d012a8002680100");
    private static final Bytes PICTURE = Bytes.ofHex("3100000000000000000000");
    private static final Bytes SOUND = Bytes.ofHex("fc0102030405060708090a");

    private LongCallChild() {}

    static long framesOf(int streams, int seconds) {
        return (long) streams * (PICTURES_PER_SECOND + SOUNDS_PER_SECOND) * seconds;
    }

    /// What is logged stands between.
    static final String SAYS = "> ";

    private static void say(Object what) {
        System.out.println(SAYS + what);
    }

    public static void main(String[] arguments) throws Exception {
        Path path = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "record" -> record(path, Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            case "recover" -> recover(path);
            case "read" -> read(path);
            case "cut" -> cut(path, Path.of(arguments[2]));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /// Says `recorded`, and ends the recording when somebody says anything.
    private static void record(Path dir, int streams, int seconds) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            studio.multi().start(MultiStudio.URI);
            List<Publication> publications = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                publications.add(studio.publish("user-" + i));
                studio.multi()
                        .add(MultiStudio.URI, publications.getLast().stream().mediaSessionId());
            }
            Track video = MultiStudio.video(new Codec.Vp8(640, 360));
            Track audio = MultiStudio.audio(new Codec.Opus(2, 312));
            Random random = new Random(50);
            for (long second = 0; second < seconds; second++) {
                for (int i = 0; i < SOUNDS_PER_SECOND; i++) {
                    long at = second * SECOND + i * SECOND / SOUNDS_PER_SECOND;
                    studio.clock.set(at);
                    // The pictures whose time has come with this sound.
                    long pictures = (i + 1) * PICTURES_PER_SECOND / SOUNDS_PER_SECOND
                            - i * PICTURES_PER_SECOND / SOUNDS_PER_SECOND;
                    long stamp = at + (second + i == 0 ? 0 : random.nextInt(JITTER_NANOS));
                    for (Publication publication : publications) {
                        if (pictures > 0) {
                            boolean key = second % GOP_SECONDS == 0 && i == 1;
                            publication.write(new Frame(video, stamp, stamp, key, key ? KEYFRAME : PICTURE));
                        }
                        publication.write(new Frame(audio, at, at, true, SOUND));
                    }
                }
                studio.settle();
            }
            say("recorded");
            System.in.read();
            say(studio.terminate());
        }
    }

    private static void recover(Path dir) throws Exception {
        try (MultiStudio studio = new MultiStudio(dir)) {
            say(studio.recordings.recover());
            say(studio.files().getLast());
        }
    }

    /// All frames of all tracks side by side, as who mixes them reads them.
    private static void read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            List<FileLine> lines = MovieLines.of(channel).lines();
            List<FileLine.Cursor> cursors = new ArrayList<>();
            for (FileLine line : lines) {
                cursors.add(line.from(0));
            }
            long frames = 0;
            long bytes = 0;
            boolean more = true;
            for (long until = SECOND; more; until += SECOND) {
                more = false;
                for (FileLine.Cursor cursor : cursors) {
                    while (cursor.hasNext() && cursor.dtsNanos() < until) {
                        bytes += Objects.requireNonNull(cursor.next()).data().length();
                        frames++;
                    }
                    more |= cursor.hasNext();
                }
            }
            say(lines.size());
            say(frames);
            say(bytes);
        }
    }

    private static void cut(Path file, Path target) throws IOException {
        try (FileChannel source = FileChannel.open(file);
                FileChannel out = FileChannel.open(
                        target, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            Mp4Cutter.cut(source, 25 * SECOND, Long.MAX_VALUE, Bytes.EMPTY)
                    .orElseThrow()
                    .writeTo(out);
        }
    }
}
