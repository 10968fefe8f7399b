package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Each way in × each way out × codecs: real programs on both sides. A cell is good if every picture from a keyframe on
/// came as it was sent, everything decodes, beeps are with their flashes, and the player ended when the publisher did.
/// What works is the table in `docs/matrix.md`. A build plays one row of it for each way in; with `-Dmatrix=all` all of
/// them (`-Dgolden=write` writes the table then).
@Tag("peer")
@Tag("realtime")
@Timeout(900)
class MatrixTest {
    private static final Path TABLE = Path.of("docs", "matrix.md");
    private static final long DEADLINE_SECONDS = 60;
    /// Publishers at the same time: each has seven players.
    private static final int AT_ONCE = 2;

    private static final String WANTED = System.getProperty("matrix", "usual");
    /// From when a player is started to the first picture that it gets, by the stream's clock. Beside other tests
    /// programs take longer to start.
    private static final double MAX_FIRST_PICTURE_SECONDS = WANTED.equals("usual") ? 4 : 2;

    @TempDir
    private Path folder;

    private final Map<Clip.Codecs, Clip> clips = new EnumMap<>(Clip.Codecs.class);

    /// @param secondsToPicture of the player that waited longest
    private record Row(WayIn in, Clip clip, Map<String, Taken> cells, double secondsToPicture) {
        String line() {
            return "| %s | %s | %s |"
                    .formatted(
                            in.title,
                            clip.codecs(),
                            cells.values().stream().map(Taken::fits).collect(Collectors.joining(" | ")));
        }
    }

    @Test
    void everyWayInComesOutOfEveryWayOut() throws Exception {
        for (Clip.Codecs codecs : Clip.Codecs.values()) {
            clips.put(codecs, Clip.make(folder, codecs));
        }
        List<Row> rows = new ArrayList<>();
        try (TestServer server = new TestServer(
                        folder.resolve("data"), "record_mp4_audio=copy", "record_other_streams=mpegts,liveflv");
                ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE)) {
            List<Callable<Row>> tasks = new ArrayList<>();
            for (WayIn in : WayIn.values()) {
                for (Clip.Codecs codecs : wanted(in)) {
                    tasks.add(() -> row(server, in, clips.get(codecs)));
                }
            }
            for (Future<Row> row : pool.invokeAll(tasks)) {
                rows.add(row.get());
            }
        }
        List<String> faults = new ArrayList<>();
        for (Row row : rows) {
            row.cells.forEach((out, taken) -> taken.faults()
                    .forEach(fault ->
                            faults.add("%s, %s → %s: %s".formatted(row.in.title, row.clip.codecs(), out, fault))));
        }
        System.out.printf(
                "%d cells of the matrix, %d faults, first pictures at most %.1f s after a player was started%n",
                rows.size() * (WayOut.values().length + 1),
                faults.size(),
                rows.stream().mapToDouble(Row::secondsToPicture).max().orElse(0));
        if (System.getProperty("golden", "check").equals("write")) {
            Files.writeString(TABLE, table(rows));
        }
        assertEquals("", String.join("\n", faults));
        String known = Files.readString(TABLE);
        for (Row row : rows) {
            assertTrue(known.contains(row.line()), () -> row.line() + " is not in " + TABLE);
        }
    }

    private static Set<Clip.Codecs> wanted(WayIn in) {
        return switch (WANTED) {
            case "usual" -> EnumSet.of(in.usual());
            case "all" -> in.codecs;
            default -> in.name().equals(WANTED) ? in.codecs : EnumSet.noneOf(Clip.Codecs.class);
        };
    }

    private Row row(TestServer server, WayIn in, Clip clip) throws Exception {
        String name =
                in.name().toLowerCase(Locale.ROOT) + "-" + clip.codecs().name().toLowerCase(Locale.ROOT);
        Path own = Files.createDirectories(folder.resolve(name));
        Path log = own.resolve("in.log");
        Process publisher = in.start(server, clip, name, log);
        Map<WayOut, Process> players = new EnumMap<>(WayOut.class);
        Map<WayOut, Long> asked = new EnumMap<>(WayOut.class);
        Map<String, Taken> cells = new LinkedHashMap<>();
        try {
            Stream stream = awaitStream(server, name, publisher, log);
            for (WayOut out : WayOut.values()) {
                asked.put(out, stream.statistics().mediaNanos());
                players.put(out, out.start(server, name, own.resolve(out.name()), own.resolve(out.name() + ".log")));
            }
            assertTrue(publisher.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), name);
            Path recording = server.awaitRecordingOf(name);
            double longestSeconds = 0;
            for (Map.Entry<WayOut, Process> player : players.entrySet()) {
                WayOut out = player.getKey();
                boolean ended = player.getValue().waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS);
                String said = Files.readString(own.resolve(out.name() + ".log"));
                Taken taken;
                if (!ended) {
                    taken = Taken.failed("does not end with the publisher: " + said);
                } else if (out.isRefusal(said)) {
                    taken = Taken.REFUSED;
                } else if (out.isUnreadable(said)) {
                    taken = Taken.UNREADABLE;
                } else if (player.getValue().exitValue() == 0) {
                    taken = Taken.judge(clip, own.resolve(out.name()));
                } else {
                    taken = Taken.failed(said);
                }
                double seconds = taken.secondsToFirstPicture(asked.get(out));
                longestSeconds = Math.max(longestSeconds, seconds);
                if (seconds > MAX_FIRST_PICTURE_SECONDS) {
                    taken.faults().add("the first picture came after %.1f s".formatted(seconds));
                }
                cells.put(out.title, taken);
            }
            Taken file = Taken.judge(clip, recording);
            if (Clip.pictures(recording, clip.codecs()).size()
                    != clip.pictures().size()) {
                file.faults().add("the recording is not whole");
            }
            cells.put("file", file);
            return new Row(in, clip, cells, longestSeconds);
        } finally {
            publisher.destroyForcibly();
            players.values().forEach(Process::destroyForcibly);
        }
    }

    private static Stream awaitStream(TestServer server, String name, Process publisher, Path log) throws Exception {
        for (long left = DEADLINE_SECONDS * 100; left > 0; left--) {
            Optional<Stream> stream = server.server().streams().find(new StreamName(name));
            if (stream.isPresent()) {
                return stream.get();
            }
            if (!publisher.isAlive()) {
                break;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new AssertionError(name + " did not come: " + Files.readString(log));
    }

    private static String table(List<Row> rows) {
        StringBuilder text = new StringBuilder("""
                # What comes in by which way, and goes out by which

                Made by `peers.matrix.MatrixTest`, which plays every cell with real programs. *yes*: picture and sound; every picture
                is as it was sent, none is missing from the player's first keyframe on, beeps are within 40 ms of their flashes, and the
                player ends with the publisher. *no*: the server says which codec that way does not carry
                ([protocols.md](protocols.md#what-works-with-what)). *?*: it is sent, and no program was found here that reads it.
                Publishers and players are ffmpeg 8 where nothing else is said; RTMP is asked for the codecs that ffmpeg names as its
                own (`rtmp_enhanced_codecs`).

                | in | codecs |""");
        rows.getFirst()
                .cells
                .keySet()
                .forEach(out -> text.append(' ').append(out).append(" |"));
        text.append("\n|---|---|")
                .append("---|".repeat(rows.getFirst().cells.size()))
                .append('\n');
        for (Row row : rows) {
            text.append(row.line()).append('\n');
        }
        return text.toString();
    }
}
