package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.SparseFile;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.TestMedia;
import tapedeck.record.Cuts;

/// `?start=&end=` as the recording page has it.
class CutsTest {
    private static final String FILE = "/client/records/stream.mp4";
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path dir;

    private ApiServer server;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    private Path records() {
        return server.settings.recording().dir();
    }

    /// A finished recording of pictures and sound.
    private Path record(String name, List<Frame> frames) throws Exception {
        Path file = records().resolve(name);
        try (SparseFile out = new SparseFile(file, Bytes.EMPTY)) {
            try (Muxer muxer = Container.MP4.muxer(
                    out, TestMedia.tracks(frames), new MuxerOptions(Instant.EPOCH, 64 << 10, name))) {
                long flushAt = SECOND;
                for (Frame frame : frames) {
                    if (frame.dtsNanos() >= flushAt) {
                        muxer.flush();
                        flushAt += SECOND;
                    }
                    muxer.write(frame);
                }
                muxer.flush();
            }
            Container.MP4.finish(out);
        }
        return file;
    }

    private static List<Frame> pictureAndSound(int seconds) {
        return TestMedia.interleaved(TestMedia.h264WithBFrames(seconds), TestMedia.aac(seconds));
    }

    private static Summary summary(Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return Container.MP4.probe(channel);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "start=1&end=3,        stream-s1-e3.mp4,   2",
        "start=2,              stream-s2.mp4,      3",
        "end=2,                stream-e2.mp4,      2",
        "start=0.5&end=1.5,    stream-s0.5-e1.5.mp4, 1.5",
        "start=02.0&end=3.000, stream-s2-e3.mp4,   2",
        "start=1&end=99999,    stream-s1-e99999.mp4, 4"
    })
    void aPartIsStoredUnderItsTimesAndSent(String query, String name, double seconds) throws Exception {
        record("stream.mp4", pictureAndSound(5));
        HttpResponse<byte[]> response = server.get(FILE + "?" + query);
        assertEquals(200, response.statusCode());
        assertEquals("video/mp4", header(response, "Content-Type"));
        assertEquals("inline;filename=\"" + name + "\"", header(response, "Content-Disposition"));
        Path file = records().resolve(name);
        assertArrayEquals(Files.readAllBytes(file), response.body());
        assertTrue(Cuts.isCut(file));
        // A second is as far as a keyframe can be away.
        assertEquals(seconds, summary(file).durationNanos() / 1e9, 1.05);
        assertEquals(206, server.get(FILE + "?" + query, "Range", "bytes=5-10").statusCode());
        assertEquals(200, server.send("HEAD", FILE + "?" + query, "").statusCode());
        assertEquals(
                304,
                server.get(FILE + "?" + query, "If-None-Match", header(response, "ETag"))
                        .statusCode());
        assertArrayEquals(response.body(), server.get("/client/records/" + name).body());
    }

    @Test
    void aPartThatIsThereIsSentAgainAndMadeAnewWhenTheRecordingChanged() throws Exception {
        Path recording = record("stream.mp4", pictureAndSound(5));
        server.get(FILE + "?start=1&end=2");
        Path cut = records().resolve("stream-s1-e2.mp4");
        Object key = Files.readAttributes(cut, java.nio.file.attribute.BasicFileAttributes.class)
                .fileKey();
        server.get(FILE + "?start=1&end=2");
        assertEquals(
                key,
                Files.readAttributes(cut, java.nio.file.attribute.BasicFileAttributes.class)
                        .fileKey());
        byte[] before = Files.readAllBytes(cut);
        Files.delete(recording);
        record("stream.mp4", TestMedia.aac(5));
        byte[] after = server.get(FILE + "?start=1&end=2").body();
        assertNotEquals(before.length, after.length);
        assertEquals(1, summary(cut).tracks().size());
    }

    @Test
    void aRecordingThatHasTheNameOfAPartIsNeverOverwritten() throws Exception {
        record("stream.mp4", pictureAndSound(4));
        Path other = record("stream-s1-e2.mp4", TestMedia.aac(3));
        byte[] content = Files.readAllBytes(other);
        assertFalse(Cuts.isCut(other));
        HttpResponse<byte[]> response = server.get(FILE + "?start=1&end=2");
        assertEquals("inline;filename=\"stream-s1-e2~2.mp4\"", header(response, "Content-Disposition"));
        assertArrayEquals(content, Files.readAllBytes(other));
        assertArrayEquals(response.body(), server.get(FILE + "?start=1&end=2").body());
    }

    @Test
    void aPartCanBeCutOnceMore() throws Exception {
        record("stream.mp4", pictureAndSound(5));
        assertEquals(200, server.get(FILE + "?start=1&end=4").statusCode());
        HttpResponse<byte[]> response = server.get("/client/records/stream-s1-e4.mp4?start=1&end=2");
        assertEquals("inline;filename=\"stream-s1-e4-s1-e2.mp4\"", header(response, "Content-Disposition"));
    }

    @Test
    void partsGoToTheirOwnFolder() throws Exception {
        try (ApiServer other = new ApiServer(dir, "mp4_cutter_dir=" + dir.resolve("parts"))) {
            record("stream.mp4", pictureAndSound(4));
            assertEquals(200, other.get(FILE + "?start=1&end=2").statusCode());
            assertTrue(Files.exists(dir.resolve("parts/stream-s1-e2.mp4")));
            assertFalse(Files.exists(records().resolve("stream-s1-e2.mp4")));
        }
    }

    @Test
    void otherContainersAreSentWhole() throws Exception {
        byte[] content = new byte[5000];
        server.record("a.webm", content);
        HttpResponse<byte[]> response = server.get("/client/records/a.webm?start=1&end=2");
        assertEquals(200, response.statusCode());
        assertEquals(content.length, response.body().length);
    }

    @Test
    void valuesThatAreNoneAreRefused() throws Exception {
        record("stream.mp4", TestMedia.aac(4));
        for (String query : List.of(
                "start=NaN",
                "start=-1",
                "end=-1",
                "start=1e308",
                "end=1e308",
                "start=2&end=1",
                "start=1&end=1",
                "end=0",
                "start=",
                "start=1.",
                "start=.5",
                "start=Infinity",
                "start=0x1",
                "start=1,5",
                "start=1234567890",
                "start=1&end=NaN",
                "start=%00",
                "start=١",
                "start=" + "1".repeat(3000))) {
            var response = RawHttp.get(server.http.port(), FILE + "?" + query.replace("١", "%D9%A1"));
            assertEquals(400, response.status(), query);
        }
        try {
            var endless = RawHttp.get(server.http.port(), FILE + "?start=" + "1".repeat(10 << 20));
            assertTrue(endless.status() == 414 || endless.status() == 431, "10 MB: " + endless.status());
        } catch (SocketException e) {
            // The server had answered and closed before all of it was sent.
            assertTrue(String.valueOf(e.getMessage()).matches("Broken pipe|Connection reset.*"), e.toString());
        }
        assertEquals(404, server.get(FILE + "?start=5").statusCode());
        assertEquals(404, server.get("/client/records/none.mp4?start=1").statusCode());
        server.record("broken.mp4", new byte[5000]);
        assertEquals(404, server.get("/client/records/broken.mp4?start=1").statusCode());
        try (var files = Files.newDirectoryStream(records(), "*-s*")) {
            assertFalse(files.iterator().hasNext(), "nothing was made");
        }
    }

    @Test
    void withoutSpaceNothingIsCut() throws Exception {
        try (ApiServer full = new ApiServer(dir, "file_recorder_min_space=1000000g")) {
            record("stream.mp4", TestMedia.aac(4));
            assertEquals(507, full.get(FILE + "?start=1").statusCode());
            assertEquals(200, full.get(FILE).statusCode());
            try (var files = Files.newDirectoryStream(records(), "{*-s*,.cut*}")) {
                assertFalse(files.iterator().hasNext());
            }
        }
    }

    @Test
    void halvesThatACrashLeftAreDeletedAtTheStart() throws Exception {
        Path half = Files.write(records().resolve(".cut-1234.mp4"), new byte[100]);
        try (ApiServer _ = new ApiServer(dir)) {
            assertTrue(Files.exists(half), "it could be the first server's");
        }
        server.close();
        new ApiServer(dir).close();
        assertFalse(Files.exists(half));
    }

    @Test
    void aHundredCutsOfTwoHoursAtOnceNeedLittleMemory() throws Exception {
        record("stream.mp4", TestMedia.aac(2));
        server.get(FILE + "?start=1");
        twoHours(records().resolve("long.mp4"));
        AtomicLong received = new AtomicLong();
        long before = usedHeap();
        AtomicLong most = new AtomicLong();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                // Of each a second one asks for the same.
                int start = i / 2 * 60;
                all.add(threads.submit(() -> {
                    received.addAndGet(RawHttp.count(
                            server.http.port(), "/client/records/long.mp4?start=%d&end=7000".formatted(start)));
                    return null;
                }));
            }
            while (all.stream().anyMatch(one -> !one.isDone())) {
                most.accumulateAndGet(usedHeap(), Math::max);
                java.util.concurrent.locks.LockSupport.parkNanos(SECOND / 2);
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        System.out.printf(
                "100 cuts of two hours: %d MB sent, heap %d MB before, %d MB at most%n",
                received.get() >> 20, before >> 20, most.get() >> 20);
        assertTrue(received.get() > 100 * 3_000_000L, "all came: " + received.get());
        assertTrue(most.get() - before < 50 << 20, "heap grew by " + (most.get() - before));
    }

    /// What was alive at the last collection; what was allocated since then does not count.
    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP && pool.getCollectionUsage() != null)
                .mapToLong(pool -> pool.getCollectionUsage().getUsed())
                .sum();
    }

    /// Two hours of 25 pictures and 50 frames of sound a second, small ones.
    private static void twoHours(Path file) throws Exception {
        Track video = TestMedia.h264(1).getFirst().track();
        Track audio = new Track(Track.AUDIO, new Codec.Opus(2, 312));
        Bytes data = Bytes.wrap(new byte[30]);
        try (SparseFile out = new SparseFile(file, Bytes.EMPTY)) {
            try (Muxer muxer =
                    Container.MP4.muxer(out, List.of(video, audio), new MuxerOptions(Instant.EPOCH, 8 << 20, "long"))) {
                for (long at = 0; at < 7200 * SECOND; at += SECOND / 50) {
                    if (at % (SECOND / 25) == 0) {
                        muxer.write(new Frame(video, at, at, at % (2 * SECOND) == 0, data));
                    }
                    muxer.write(new Frame(audio, at, at, true, data));
                    if (at % SECOND == 0) {
                        muxer.flush();
                    }
                }
            }
            Container.MP4.finish(out);
        }
    }

    @Test
    @Tag("peer")
    void whatIsSeenAndHeardStaysTogether() throws Exception {
        Path source = dir.resolve("source.mp4");
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(FlashAndBeep.source("320x180", 30, 12)));
        arguments.addAll(List.of(
                "-c:v", "libx264", "-bf", "2", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-c:a", "aac"));
        arguments.add(source.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        Path fragmented = dir.resolve("fragmented.mp4");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                source.toString(),
                "-c",
                "copy",
                "-movflags",
                "frag_keyframe+empty_moov",
                fragmented.toString());
        for (Path file : List.of(source, fragmented)) {
            Files.copy(file, records().resolve(file.getFileName()));
            String url = "/client/records/" + file.getFileName();
            assertEquals(200, server.get(url + "?start=5.2&end=9.55").statusCode());
            String name = file.getFileName().toString().replace(".mp4", "-s5.2-e9.55.mp4");
            Path cut = records().resolve(name);
            assertEquals("", Ffmpeg.decodeErrors(cut));
            FlashAndBeep measured = FlashAndBeep.measure(cut);
            // The keyframe before is at second 4.
            assertTrue(measured.flashSeconds().size() >= 4, measured.toString());
            assertEquals(1.0, measured.flashSeconds().getFirst(), 0.04, measured.toString());
            for (double delay : measured.beepDelays()) {
                assertEquals(0, delay, 0.04, measured.toString());
            }
            // Without an edit list, the fragmented one begins two frames late.
            double seconds = file == source ? 5.55 : 5.55 - 2.0 / 30;
            assertEquals(seconds, summary(cut).durationNanos() / 1e9, 0.005);
            assertReadersAgree(cut, seconds);
        }
    }

    private static void assertReadersAgree(Path cut, double seconds) {
        for (String ffprobe : List.of(Ffmpeg.ffprobe(), "/usr/bin/ffprobe")) {
            Ffmpeg.Result result = Ffmpeg.run(List.of(
                    ffprobe, "-v", "error", "-show_entries", "format=duration,start_time", "-of", "csv=p=0", "" + cut));
            assertEquals("", result.err());
            String[] values = result.text().strip().split(",");
            assertEquals(0, Double.parseDouble(values[0]), 0.03);
            assertEquals(seconds, Double.parseDouble(values[1]), 0.05);
        }
        Ffmpeg.Result first = Ffmpeg.ffprobe(
                "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0", "" + cut);
        assertTrue(first.text().startsWith("K"), "begins with a keyframe");
        Ffmpeg.Result mkvmerge = Ffmpeg.run(List.of("mkvmerge", "-J", "" + cut));
        assertEquals(0, mkvmerge.exitCode(), mkvmerge.text());
        assertFalse(mkvmerge.text().contains("\"warnings\": [\n"), mkvmerge.text());
    }

    private static String header(HttpResponse<byte[]> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }
}
