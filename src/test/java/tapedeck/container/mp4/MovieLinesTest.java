package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.FileLine;
import tapedeck.container.MemberTrack;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.StoredBytes;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class MovieLinesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int SECONDS = 40;
    private static final int STREAMS = 12;
    /// Seconds in which the first stream has no picture.
    private static final int AWAY_FROM = 10;
    private static final int AWAY_UNTIL = 16;

    private static final int TRAF = 0x74726166;
    private static final int MEHD = 0x6D656864;
    private static final int TFHD = 0x74666864;
    private static final int TRUN = 0x7472756E;

    private static final Codec PICTURE = new Codec.Vp8(640, 360);
    private static final Codec SOUND = new Codec.Opus(2, 312);

    /// RFC 6386 9.1: of 640x360, and one that depends on it; their last byte says whose they are.
    private static final Bytes KEYFRAME = Bytes.ofHex("3000009d012a8002680100");
    private static final Bytes DEPENDS = Bytes.ofHex("3100000000000000000000");
    private static final Bytes OPUS = Bytes.ofHex("fc0102030405060708090a");
    private static final int LAST = 10;

    /// A file that grows, of many.
    private static Bytes growing() throws IOException {
        MemoryFile file = new MemoryFile();
        try (Mp4Muxer muxer = Mp4Muxer.many(file, new MuxerOptions(Mp4Cases.STARTED_AT, 256 << 10, "room"))) {
            for (int id = 1; id <= 2 * STREAMS; id++) {
                TrackIdentity identity = new TrackIdentity("user " + (id - 1) / 2, "session-" + (id - 1) / 2);
                assertTrue(muxer.join(new MemberTrack(track(id), identity, 0)));
            }
            for (int second = 0; second < SECONDS; second++) {
                for (int id = 1; id <= 2 * STREAMS; id++) {
                    if (id > 1 || second < AWAY_FROM || second >= AWAY_UNTIL) {
                        second(muxer, id, second * SECOND);
                    }
                }
                muxer.flush();
            }
        }
        return file.content();
    }

    private static Track track(int id) {
        return new Track(id, id % 2 == 1 ? PICTURE : SOUND);
    }

    private static void second(Mp4Muxer muxer, int id, long fromNanos) throws IOException {
        for (int i = 0; i < 50; i++) {
            long at = fromNanos + i * SECOND / 50;
            byte[] data = (id % 2 == 0 ? OPUS : i == 0 ? KEYFRAME : DEPENDS).toByteArray();
            data[LAST] = (byte) id;
            muxer.write(new Frame(track(id), at, at, i == 0 || id % 2 == 0, Bytes.wrap(data)));
        }
    }

    private record Line(int trackId, long startNanos, long endNanos) {}

    private static List<Line> lines(StoredBytes file) throws IOException {
        return MovieLines.of(file).lines().stream()
                .map(line -> new Line(line.trackId(), line.startNanos(), line.endNanos()))
                .toList();
    }

    private static long bytesOf(String type, Bytes file) throws IOException {
        FileBoxes boxes = new FileBoxes(StoredBytes.of(file));
        long bytes = 0;
        for (FileBoxes.TopBox box = boxes.at(0); box != null; box = boxes.at(box.end())) {
            bytes += box.type().equals(type) ? box.size() : 0;
        }
        return bytes;
    }

    @Test
    void fragmentsAreGoneOverOnceHoweverManyTracksThereAre() throws Exception {
        Bytes file = growing();
        AtomicLong read = new AtomicLong();
        StoredBytes counted = new StoredBytes() {
            @Override
            public int read(ByteBuffer target, long position) throws IOException {
                int count = StoredBytes.of(file).read(target, position);
                read.addAndGet(count);
                return count;
            }

            @Override
            public long size() {
                return file.length();
            }
        };
        List<Line> expected = new ArrayList<>();
        expected.add(new Line(1, 0, AWAY_FROM * SECOND));
        expected.add(new Line(1, AWAY_UNTIL * SECOND, SECONDS * SECOND));
        for (int id = 2; id <= 2 * STREAMS; id++) {
            expected.add(new Line(id, 0, SECONDS * SECOND));
        }
        assertEquals(expected, lines(counted));
        long once = bytesOf("moof", file);
        // Each is read with what stands around it.
        assertTrue(read.get() < 4 * once, "%d bytes for %d of moof".formatted(read.get(), once));
    }

    @Test
    void theEndIsFoundWhereNoHeaderSaysIt() throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(growing().toByteArray());
        for (int i = 0; i < bytes.limit() - 16; i++) {
            if (bytes.getInt(i) == MEHD) {
                bytes.putInt(i + 8, 0);
                if (bytes.getInt(i - 4) == 20) {
                    bytes.putInt(i + 12, 0);
                }
            }
        }
        try (MemoryFile file = new MemoryFile(Bytes.wrap(bytes.array()))) {
            Movie movie = Movie.read(new FileBoxes(file), Mp4Reader.find(new FileBoxes(file), "moov"));
            assertEquals(0, movie.durationTicks());
            assertEquals(SECONDS * SECOND, Mp4Reader.summary(file).durationNanos());
        }
    }

    /// Also where data of one track follows that of another without saying so (8.8.7.1), as first writers did.
    @Test
    void theSamplesOfATrackAreItsOwn() throws Exception {
        Bytes file = growing();
        for (StoredBytes bytes : List.of(StoredBytes.of(file), StoredBytes.of(withoutBases(file)))) {
            List<FileLine> lines = MovieLines.of(bytes).lines();
            for (FileLine line : lines) {
                FileLine.Cursor cursor = line.from(line.startNanos());
                int count = 0;
                for (; cursor.hasNext(); count++) {
                    Frame frame = Objects.requireNonNull(cursor.next());
                    assertEquals(line.trackId(), frame.data().toByteArray()[LAST]);
                    assertEquals(line.startNanos() + count * SECOND / 50, frame.ptsNanos());
                }
                assertEquals((line.endNanos() - line.startNanos()) / SECOND * 50, count);
            }
        }
    }

    /// Each `tfhd` without its flag default-base-is-moof, and the place in each `trun` from where the data before it
    /// ends.
    private static Bytes withoutBases(Bytes file) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(file.toByteArray());
        FileBoxes boxes = new FileBoxes(StoredBytes.of(file));
        for (FileBoxes.TopBox moof = boxes.at(0); moof != null; moof = boxes.at(moof.end())) {
            if (!moof.type().equals("moof")) {
                continue;
            }
            Bytes body = boxes.body(moof, MovieFragment.MAX_MOOF_BYTES);
            List<TrackRun> runs =
                    MovieFragment.parse(body, moof.start(), Map.of(), new SampleBudget(Integer.MAX_VALUE));
            int run = 0;
            long end = moof.start();
            for (int at = (int) moof.bodyStart(); at < moof.end(); at += out.getInt(at)) {
                if (out.getInt(at + 4) != TRAF) {
                    continue;
                }
                for (int in = at + 8; in < at + out.getInt(at); in += out.getInt(in)) {
                    if (out.getInt(in + 4) == TFHD) {
                        out.putInt(in + 8, out.getInt(in + 8) & ~0x2_0000);
                    } else if (out.getInt(in + 4) == TRUN) {
                        out.putInt(in + 16, (int) (runs.get(run).offset() - end));
                        end = runs.get(run).offset() + runs.get(run).bytes();
                        run++;
                    }
                }
            }
            assertEquals(2 * STREAMS, run, 2);
        }
        return Bytes.wrap(out.array());
    }
}
