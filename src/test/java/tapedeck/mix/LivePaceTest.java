package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.container.FileLine;
import tapedeck.container.mp4.MovieLines;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.SoundEncoder;
import tapedeck.transcode.picture.PictureEncoder;

/// A worker at the pace of live streams, fed by hand: no clock but that of the packets.
@Tag("peer")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LivePaceTest {
    private static final int FPS = 10;
    private static final long SECOND = 1_000_000_000L;
    private static final PictureEncoder.Options SMALL =
            new PictureEncoder.Options("libopenh264", 320, 180, FPS, 400_000, 2 * FPS);
    /// Between dark tiles and bright ones.
    private static final int GROUND_RGB = 0x404040;

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream pictures = new ByteArrayOutputStream();
    private final List<Long> ticks = new ArrayList<>();
    private final List<Long> keyframes = new ArrayList<>();
    private final List<Bytes> sounds = new ArrayList<>();
    private final List<Answer.Loudest> loudest = new ArrayList<>();

    private static final byte[] START_CODE = {0, 0, 0, 1};

    /// Answers of one mix into the fields above.
    private synchronized void take(Answer answer) {
        switch (answer) {
            case Answer.Header header -> {
                Codec.H264 codec = CodedSource.encodedPictures(header.avcC());
                codec.sps().forEach(this::unit);
                codec.pps().forEach(this::unit);
            }
            case Answer.Picture picture -> {
                ticks.add(picture.tick());
                if (picture.keyframe()) {
                    keyframes.add(picture.tick());
                }
                ByteReader in = picture.data().reader();
                while (in.remaining() > 0) {
                    unit(in.take(in.u32()));
                }
            }
            case Answer.Sound sound -> sounds.add(sound.data());
            case Answer.Loudest change -> loudest.add(change);
            case Answer.Done _ -> {}
        }
    }

    private void unit(Bytes unit) {
        pictures.writeBytes(START_CODE);
        pictures.writeBytes(unit.toByteArray());
    }

    private Look look() throws IOException {
        Path file = folder.resolve("mix.h264");
        Files.write(file, pictures.toByteArray());
        return Look.at(file, FPS);
    }

    private Ask.OpenPictures open(int mix, Layout layout, long fromTick) {
        Ask.Scene scene = new Ask.Scene(layout, false, GROUND_RGB, List.of(), List.of());
        return new Ask.OpenPictures(mix, Pace.LIVE, SMALL, scene, fromTick, List.of());
    }

    private List<FileLine> record(Person... people) throws IOException {
        Path file = folder.resolve("people.mp4");
        Person.record(file, List.of(people));
        return lines(file);
    }

    private static List<FileLine> lines(Path file) throws IOException {
        // Stays open as long as the lines are read: the process ends with the tests.
        return MovieLines.of(FileChannel.open(file)).lines();
    }

    private static void join(MixProcess process, int mix, int number, FileLine line, long startNanos) {
        process.send(new Ask.Join(
                mix, number, "", line.rotationDegrees(), startNanos, Long.MAX_VALUE, CodedSource.of(line.codec())));
    }

    /// Packets of a part of the line, so much later.
    private static void feed(
            MixProcess process, int mix, int number, FileLine line, double from, double until, double later)
            throws IOException {
        FileLine.Cursor cursor = line.from(0);
        while (cursor.hasNext()) {
            Frame frame = cursor.next();
            if (frame != null && frame.dtsNanos() >= from * SECOND && frame.dtsNanos() < until * SECOND) {
                long pts = frame.ptsNanos() + (long) (later * SECOND);
                process.send(new Ask.Packet(mix, number, pts, frame.keyframe(), frame.data()));
            }
        }
    }

    private static void advance(MixProcess process, int mix, long until) throws Exception {
        process.send(new Ask.Advance(mix, until));
        process.await(mix, 0);
    }

    @Test
    void aSourceStandsStillThenGoesAndComesBack() throws Exception {
        FileLine anna =
                record(new Person("Anna", "320x180", FPS, 0, 12, 0.2, 0)).getFirst();
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            process.send(open(mix, new Layout.Row(), 0));
            join(process, mix, 1, anna, 0);
            feed(process, mix, 1, anna, -1, 2.5, 0);
            // Nothing comes until 9 s; the mix goes on.
            advance(process, mix, 9 * FPS);
            // From its keyframe of 8 s on.
            feed(process, mix, 1, anna, 7.75, 12, 1.4);
            advance(process, mix, 12 * FPS);
            process.send(new Ask.Leave(mix, 1, 13 * SECOND));
            advance(process, mix, 14 * FPS);
            Look look = look();
            assertEquals(14 * FPS, look.pictures());
            List<Integer> ground = new ArrayList<>();
            for (int i = 1; i < look.pictures(); i++) {
                if (isGround(look, i) != isGround(look, i - 1)) {
                    ground.add(i);
                }
            }
            // The last picture is that of 2.4 s or, in front of what the decoder held back, a little older.
            assertEquals(3, ground.size(), "changes between the tile and the background: " + ground);
            assertTrue(ground.get(0) >= 72 && ground.get(0) <= 75, "it goes after 5 s: " + ground);
            assertTrue(ground.get(1) >= 93 && ground.get(1) <= 95, "it comes back: " + ground);
            assertEquals(130, ground.get(2), "it leaves: " + ground);
        }
    }

    private static boolean isGround(Look look, int picture) {
        return Math.abs(look.brightness(picture, 0.5, 0.5) - 64) < 20;
    }

    @Test
    void thePastOfASourceIsNotShownInFastMotion() throws Exception {
        // Four seconds without another keyframe than the first.
        FileLine anna = record(new Person("Anna", "320x180", FPS, 0, 4, 0.2, 0)).getFirst();
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            process.send(open(mix, new Layout.Row(), 0));
            advance(process, mix, 3 * FPS);
            join(process, mix, 1, anna, 3 * SECOND);
            feed(process, mix, 1, anna, -1, 4, 0);
            advance(process, mix, 4 * FPS);
            Look look = look();
            // At least 8 of the 30 pictures of the past a tick; what is shown then is of its own time.
            int first = 30;
            while (isGround(look, first)) {
                first++;
            }
            assertTrue(first >= 30 && first <= 35, "shown from " + first);
            assertEquals(
                    List.of(),
                    look.flashes(0.5, 0.5).stream()
                            .filter(at -> at < 3.2 || at > 3.4)
                            .toList(),
                    "its flashes were over");
        }
    }

    @Test
    void aLongPastIsNotDecodedOnceAKeyframeIsThere() throws Exception {
        // The second group of pictures begins at 4 s.
        FileLine anna = record(new Person("Anna", "320x180", FPS, 0, 5, 0.2, 0)).getFirst();
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            process.send(open(mix, new Layout.Row(), 0));
            advance(process, mix, 3 * FPS);
            join(process, mix, 1, anna, 3 * SECOND);
            feed(process, mix, 1, anna, -1, 5, 0);
            advance(process, mix, 5 * FPS);
            Look look = look();
            for (int tick = 3 * FPS; tick < 5 * FPS; tick++) {
                assertEquals(tick < 4 * FPS, isGround(look, tick), "at picture " + tick);
            }
            assertEquals(List.of(4.2), look.flashes(0.5, 0.5));
        }
    }

    @Test
    void picturesThatAreSkippedAreNotMadeAndAWishedKeyframeIs() throws Exception {
        FileLine anna = record(new Person("Anna", "320x180", FPS, 0, 4, 0.2, 0)).getFirst();
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            process.send(open(mix, new Layout.Row(), 5));
            join(process, mix, 1, anna, 0);
            feed(process, mix, 1, anna, -1, 4, 0);
            advance(process, mix, 10);
            process.send(new Ask.Skip(mix, 20));
            process.send(new Ask.Keyframe(mix));
            advance(process, mix, 24);
            assertEquals(List.of(5L, 6L, 7L, 8L, 9L, 20L, 21L, 22L, 23L), ticks);
            assertEquals(List.of(5L, 20L), keyframes);
            Look look = look();
            // Tick 22 is the flash of 2.2 s.
            assertEquals(List.of(0.7), look.flashes(0.5, 0.5));
        }
    }

    @Test
    void whoTurnsHisPhoneIsTurnedFromThatPictureOnAndWhoSpeaksIsLarge() throws Exception {
        List<FileLine> people = record(
                new Person("Anna", "320x180", FPS, 0, 4, 0.2, 0), new Person("Boris", "320x180", FPS, 0, 4, 0.6, 0));
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            process.send(open(mix, new Layout.Speaker(), 0));
            for (int i = 0; i < 2; i++) {
                join(process, mix, i + 1, people.get(i), 0);
                feed(process, mix, i + 1, people.get(i), -1, 4, 0);
            }
            process.send(new Ask.Speaks(mix, 2 * SECOND, 2));
            process.send(new Ask.Turn(mix, 2, 3 * SECOND, 90));
            advance(process, mix, 38);
            Look look = look();
            // Large there is something left of the middle; a tile that stands upright is narrower than that.
            assertEquals(List.of(0.2, 1.2, 2.6), look.flashes(0.2, 0.4), "who is large");
            assertEquals(List.of(0.2, 1.2, 2.6, 3.6), look.flashes(0.5, 0.4), "and turned");
        }
    }

    @Test
    void soundGoesOnWithTheSampleThatIsAskedForAndLateSoundIsSilence() throws Exception {
        FileLine anna = record(new Person("Anna", "", FPS, 0, 6, 0.2, 1000)).getFirst();
        try (MixProcess process = new MixProcess("pace")) {
            int mix = process.begin(this::take);
            long from = 2 * SoundEncoder.RATE_HZ;
            process.send(new Ask.OpenSound(mix, 0, true, true));
            process.send(new Ask.Skip(mix, from));
            join(process, mix, 7, anna, 0);
            feed(process, mix, 7, anna, -1, 3.5, 0);
            advance(process, mix, from + 2L * SoundEncoder.RATE_HZ);
            // The beep of 4.2 s comes when 5 s are mixed.
            advance(process, mix, from + 3L * SoundEncoder.RATE_HZ);
            feed(process, mix, 7, anna, 3.5, 6, 0);
            process.send(new Ask.Leave(mix, 7, 59 * SECOND / 10));
            advance(process, mix, from + 4L * SoundEncoder.RATE_HZ);
            process.send(new Ask.Finish(mix));
            process.await(mix, 0);
            Path file = folder.resolve("mix.aac");
            ByteArrayOutputStream adts = new ByteArrayOutputStream();
            for (Bytes sound : sounds) {
                adts.writeBytes(adts(sound.length()));
                adts.writeBytes(sound.toByteArray());
            }
            Files.write(file, adts.toByteArray());
            List<Double> beeps = Look.at(file, FPS).beeps(1000);
            assertEquals(3, beeps.size(), "beeps of 2.2, 3.2 and 5.2 s: " + beeps);
            assertEquals(0.2, beeps.get(0), 0.04);
            assertEquals(1.2, beeps.get(1), 0.04);
            assertEquals(3.2, beeps.get(2), 0.04);
            assertEquals(1, loudest.size());
            assertEquals(7, loudest.getFirst().line());
        }
    }

    /// ISO/IEC 14496-3 1.A.2.2: AAC LC, 48 kHz, two channels.
    private static byte[] adts(int length) {
        int all = length + 7;
        return new byte[] {
            (byte) 0xFF,
            (byte) 0xF1,
            0x4C,
            (byte) (0x80 | all >> 11),
            (byte) (all >> 3),
            (byte) ((all & 7) << 5 | 0x1F),
            (byte) 0xFC
        };
    }
}
