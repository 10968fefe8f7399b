package tapedeck.container;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.matroska.MatroskaFormat;
import tapedeck.container.mp4.Mp4Cutter;
import tapedeck.container.mp4.Mp4Format;
import tapedeck.media.Frame;
import tapedeck.peers.Browser;
import tapedeck.peers.BrowserPlayer;
import tapedeck.peers.TestMedia;

/// Chromium and Firefox play and seek each state of a recording, and what is cut from it. Firefox decodes H.264 and AAC
/// with the system's libavcodec, which comes with Debian's ffmpeg.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class BrowserPlaybackTest {
    private static final int SECONDS = 12;
    private static final long NANOS = 1_000_000_000;
    private static final int ROOMY = 64 << 10;
    /// MP4's index of so many seconds needs more than the least that it reserves.
    private static final int TIGHT = 0;

    /// A picture lasts 40 ms; browsers show the one before or after the place.
    private static final double SEEK_TOLERANCE_SECONDS = 0.1;

    @TempDir
    private static Path folder;

    private static final Map<Browser, BrowserPlayer> PLAYERS = new EnumMap<>(Browser.class);

    @BeforeAll
    static void open() throws IOException {
        for (Browser browser : Browser.values()) {
            PLAYERS.put(browser, new BrowserPlayer(browser, folder));
        }
    }

    @AfterAll
    static void close() throws Exception {
        for (BrowserPlayer player : PLAYERS.values()) {
            player.close();
        }
        PLAYERS.clear();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "growing",
                "finished",
                "room-made",
                "at-the-end",
                "copied",
                "cut",
            })
    void mp4PlaysAndSeeks(String state) throws Exception {
        // From the keyframe before second 3.5.
        double seconds = state.equals("cut") ? SECONDS - 3 : SECONDS;
        // ffmpeg, which is inside Chromium, shifts fragments with B-frames by two pictures.
        plays(state + ".mp4", mp4(state), seconds, state.equals("growing") ? 0.25 : 0.15);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vp8-finished",
                "vp8-cues-at-the-end",
                "vp8-recovered",
                "vp8-growing",
                "vp9-finished",
                "av1-finished",
            })
    void webmPlaysAndSeeks(String state) throws Exception {
        double seconds = state.endsWith("recovered") ? SECONDS - 1 : SECONDS;
        plays(state + ".webm", webm(state), seconds, 0.15);
    }

    /// A browser that fails says so, with its MediaError.
    @Test
    void aFileThatIsNoneIsPlayedByNeither() throws Exception {
        Files.write(folder.resolve("none.mp4"), new byte[10_000]);
        for (BrowserPlayer player : PLAYERS.values()) {
            player.play("none.mp4");
            String message = assertThrows(AssertionError.class, () -> player.played("none.mp4"))
                    .getMessage();
            assertTrue(message.contains("failed=Error: 4 "), message);
        }
    }

    /// In both at the same time.
    private static void plays(String name, MemoryFile file, double seconds, double tolerance) throws Exception {
        Files.write(folder.resolve(name), file.content().toByteArray());
        PLAYERS.values().forEach(player -> player.play(name));
        Map<Browser, BrowserPlayer.Playback> said = new EnumMap<>(Browser.class);
        List<Executable> checks = new ArrayList<>();
        for (Browser browser : PLAYERS.keySet()) {
            checks.add(() -> said.put(browser, PLAYERS.get(browser).played(name)));
            checks.add(() -> judge(browser, said.get(browser), seconds, tolerance));
        }
        assertAll(checks);
    }

    private static void judge(Browser browser, BrowserPlayer.Playback said, double seconds, double tolerance) {
        assertNotNull(said, browser + " played it");
        String words = browser + " " + said;
        double duration = said.durationSeconds();
        assertEquals(seconds, duration, tolerance, words);
        assertTrue(said.playedSeconds() >= 0.5, words);
        assertEquals(0.75 * duration, said.latePosition(), 0.01, words);
        assertEquals(0.75 * duration, said.latePicture(), SEEK_TOLERANCE_SECONDS, words);
        assertEquals(0.1 * duration, said.earlyPosition(), 0.01, words);
        assertEquals(0.1 * duration, said.earlyPicture(), SEEK_TOLERANCE_SECONDS, words);
        assertEquals(seconds, said.endSeconds(), tolerance, words);
        assertTrue(said.colours() > 8, words);
        assertEquals(320, said.width(), words);
        assertTrue(said.sound(), words);
    }

    private static MemoryFile mp4(String state) throws IOException {
        Format format = new Mp4Format();
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264WithBFrames(SECONDS), TestMedia.aac(SECONDS));
        MemoryFile file = recorded(format, frames, state.equals("finished") ? ROOMY : TIGHT);
        return switch (state) {
            case "growing" -> file;
            case "finished", "room-made" -> {
                format.finish(file, new FinishOptions(IndexPlace.FRONT, file));
                yield file;
            }
            case "at-the-end" -> {
                format.finish(file, new FinishOptions(IndexPlace.END, file));
                yield file;
            }
            case "copied" -> {
                format.finish(file, new FinishOptions(IndexPlace.END, file));
                yield copy(format.fronted(file).orElseThrow());
            }
            case "cut" -> {
                format.finish(file, new FinishOptions(IndexPlace.FRONT, file));
                yield copy(Mp4Cutter.cut(file, 3 * NANOS + NANOS / 2, Long.MAX_VALUE, Bytes.EMPTY)
                        .orElseThrow());
            }
            default -> throw new IllegalArgumentException(state);
        };
    }

    private static MemoryFile copy(FrontedCopy source) throws IOException {
        MemoryFile copy = new MemoryFile();
        source.writeTo(copy);
        return copy;
    }

    private static MemoryFile webm(String state) throws IOException {
        List<Frame> pictures = switch (state.substring(0, 3)) {
            case "vp8" -> TestMedia.vp8(SECONDS);
            case "vp9" -> TestMedia.vp9(SECONDS);
            case "av1" -> TestMedia.av1(SECONDS);
            default -> throw new IllegalArgumentException(state);
        };
        List<Frame> frames = TestMedia.interleaved(pictures, TestMedia.opus(SECONDS));
        MemoryFile file = recorded(MatroskaFormat.WEBM, frames, state.endsWith("cues-at-the-end") ? 0 : ROOMY);
        if (state.endsWith("recovered")) {
            Bytes content = file.content();
            file = new MemoryFile(content.slice(0, content.length() - 1000));
        }
        if (!state.endsWith("growing")) {
            MatroskaFormat.WEBM.finish(file);
        }
        return file;
    }

    /// A file as it grows: a flush every second of decoding time, as the recorder does.
    private static MemoryFile recorded(Format format, List<Frame> frames, int reserveBytes) throws IOException {
        MemoryFile file = new MemoryFile();
        MuxerOptions options = new MuxerOptions(Instant.parse("2026-01-02T03:04:05Z"), reserveBytes, "live");
        try (Muxer muxer = format.muxer(file, TestMedia.tracks(frames), options)) {
            long since = frames.getFirst().dtsNanos();
            for (Frame frame : frames) {
                if (frame.dtsNanos() - since >= NANOS) {
                    muxer.flush();
                    since = frame.dtsNanos();
                }
                muxer.write(frame);
            }
        }
        return file;
    }
}
