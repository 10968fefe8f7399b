package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Track;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Firefox;
import tapedeck.peers.FlashAndBeep;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Real browsers publish.
@Tag("peer")
@Timeout(180)
class BrowsersTest {
    private static final int SECONDS = 6;

    private WebRtcHouse house;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/publish.html");
        house.routes.add(
                "GET",
                "/publish",
                exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))));
    }

    @AfterEach
    void close() {
        house.close();
    }

    private String page(String query) {
        return "http://127.0.0.1:" + house.httpPort() + "/publish?" + query;
    }

    /// Takes `seconds` of the stream into a file, as a recorder would, and returns when that is done.
    private Path record(String name, Container container, int seconds, Runnable meanwhile) throws Exception {
        WhipTest.await("stream", () -> {
            meanwhile.run();
            return house.streams.find(new StreamName(name)).isPresent();
        });
        Stream stream = house.streams.find(new StreamName(name)).orElseThrow();
        Reader reader =
                stream.subscribe(new ReaderOptions("test", true, true, Long.MAX_VALUE, Long.MAX_VALUE, 0, () -> {}));
        List<Item> items = new ArrayList<>();
        WhipTest.await("both tracks", () -> {
            meanwhile.run();
            return stream.tracks().size() == 2;
        });
        WhipTest.await(seconds + " s of media", () -> {
            meanwhile.run();
            return stream.statistics().mediaNanos() > seconds * 1_000_000_000L;
        });
        reader.drainTo(items);
        Path file = folder.resolve("recording." + container.extension());
        write(items, container, stream.tracks(), file);
        return file;
    }

    /// What a recorder would write.
    static void write(List<Item> items, Container container, List<Track> tracks, Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Muxer muxer = container.muxer(
                        new ChannelOutput(channel), tracks, new MuxerOptions(Instant.now(), 64 * 1024, "test"))) {
            boolean video = false;
            for (Item item : items) {
                if (item instanceof Item.Media media) {
                    video |= media.frame().track().isVideo();
                    // Like a recorder, from the first keyframe on.
                    if (video) {
                        assertTrue(muxer.carries(media.frame().track()), () -> "another " + media.frame());
                        muxer.write(media.frame());
                    }
                } else {
                    throw new AssertionError(item);
                }
            }
            muxer.flush();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            container.finish(channel);
        }
    }

    private record ChannelOutput(FileChannel channel) implements Output {
        @Override
        public void append(List<Bytes> parts) throws IOException {
            channel.position(channel.size());
            for (Bytes part : parts) {
                channel.write(part.asByteBuffer());
            }
        }

        @Override
        public void patch(long position, Bytes bytes) throws IOException {
            channel.write(bytes.asByteBuffer(), position);
        }

        @Override
        public long size() {
            try {
                return channel.size();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void assertPlays(Path file, String video, String audio, int seconds) {
        assertEquals("", Ffmpeg.decodeErrors(file), "ffmpeg decodes it");
        String probe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name:format=duration",
                        "-of",
                        "csv",
                        file.toString())
                .text();
        assertTrue(probe.contains(video) && probe.contains(audio), probe);
        double duration = Double.parseDouble(probe.strip().replaceAll("(?s).*format,", ""));
        assertTrue(Math.abs(duration - seconds) < 2, probe);
    }

    private void chromiumPublishes(String codec, Container container, String name) throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=" + codec));
            Path file = record("cam", container, SECONDS, () -> page.evaluate("1"));
            page.evaluate("window.stop()");
            assertPlays(file, name, "opus", SECONDS);
        }
        WhipTest.await("end of stream", () -> house.streams.all().isEmpty());
    }

    @Test
    void chromiumPublishesVp8AndOpus() throws Exception {
        chromiumPublishes("VP8", Container.WEBM, "vp8");
    }

    @Test
    void chromiumPublishesH264AndOpus() throws Exception {
        chromiumPublishes("H264", Container.MP4, "h264");
    }

    /// The page flashes and beeps by the same clock; a browser needs longer for a picture than for a sound, but not
    /// longer than anybody would notice.
    @Test
    void lipsAndSoundOfChromiumAreTogether() throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=VP8&picture=flash"));
            Path file = record("cam", Container.WEBM, 2 * SECONDS, () -> page.evaluate("1"));
            page.evaluate("window.stop()");
            FlashAndBeep measured = FlashAndBeep.measure(file);
            assertTrue(measured.beepDelays().size() >= SECONDS, measured.toString());
            assertTrue(
                    Math.abs(measured.medianDelay()) <= 0.040,
                    measured.beepDelays().toString());
        }
    }

    @Test
    void firefoxPublishesVp8AndOpus() throws Exception {
        try (Firefox _ = new Firefox(page("name=fox"))) {
            Path file = record("fox", Container.WEBM, SECONDS, () -> {});
            assertPlays(file, "vp8", "opus", SECONDS);
        }
    }
}
