package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;
import tapedeck.peers.Browser;
import tapedeck.peers.Listening;
import tapedeck.peers.RangeServer;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Each way in × each way out × codecs: real programs on both sides. A cell is good if every picture from a keyframe on
/// came as it was sent, everything decodes, beeps are with their flashes, and the player ended when the publisher did.
/// What works is the table in `docs/matrix.md`. A build plays what [Plan] thinks enough; with `-Dmatrix=all` all of
/// them, with `-Dmatrix=NAME,…` those of these ways in, or of these [other programs][OtherPlayer], and with
/// `-Dmatrix.out=NAME,…` of them these ways out alone (`-Dgolden=write` writes into the table what was played).
///
/// Streams in which a cell failed are published once more, alone, when all others are over: nine programs that begin
/// together, twice, beside other tests, do not all get their turn in time. What fails alone too is a fault; what does
/// not is named with the reason.
@Tag("peer")
@Tag("realtime")
@Timeout(3600)
class MatrixTest {
    private static final Path TABLE = Path.of("docs", "matrix.md");
    static final String WANTED = System.getProperty("matrix", "usual");
    /// Publishers at the same time: each has up to nine players that begin together; two and then more publishers in a
    /// build.
    private static final int AT_ONCE = WANTED.equals("usual") ? 5 : 2;
    private static final boolean WRITES = System.getProperty("golden", "check").equals("write");
    /// The others come so long after the first ones.
    private static final long LATER_NANOS = 2_000_000_000L;
    private static final int TOGETHER = 9;
    /// That the server has joined.
    static final String GROUP = "239.255.77.8:" + Listening.freePort();
    /// With more streams that have failed it is not bad luck.
    private static final int MAX_SECOND_TRIES = 3;

    /// From when a player asks to when its first picture is in what it writes ([Moment]). Beside other
    /// tests programs take longer to read and write.
    private static final double MAX_FIRST_PICTURE_SECONDS = WANTED.equals("usual") ? 4 : 2;

    @TempDir
    private Path folder;

    private final Map<Clip.Codecs, Clip> clips = new EnumMap<>(Clip.Codecs.class);

    @Test
    void everyWayInComesOutOfEveryWayOut() throws Exception {
        List<Plan> plans = Plan.of(WANTED, System.getProperty("matrix.out", ""));
        for (Plan plan : plans) {
            if (!clips.containsKey(plan.codecs())) {
                clips.put(plan.codecs(), Clip.make(folder, plan.codecs()));
            }
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (TestServer server = server("near", "pull_dir=" + folder, "mpegts_multicast=" + GROUP + "@lo");
                TestServer far = server("far", "record_flash_published_streams=false", "record_rtsp_streams=false");
                PlayPage chromium = new PlayPage(Browser.CHROMIUM);
                PlayPage firefox = Plan.needsFirefox(plans) ? new PlayPage(Browser.FIREFOX) : null;
                RangeServer files = new RangeServer(folder);
                ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE)) {
            Scene scene = new Scene(server, far, chromium, firefox, files, folder);
            report(secondTries(scene, rows(scene, plans, pool)));
        }
    }

    private List<Row> rows(Scene scene, List<Plan> plans, ExecutorService pool) throws Exception {
        List<Callable<Row>> tasks = new ArrayList<>();
        for (Plan plan : plans) {
            tasks.add(() -> row(scene, plan, plan.name()));
        }
        List<Future<Row>> played = pool.invokeAll(tasks);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < plans.size(); i++) {
            Future<Row> row = played.get(i);
            rows.add(
                    switch (row.state()) {
                        case SUCCESS -> row.resultNow();
                        case FAILED -> Row.notPlayed(plans.get(i), row.exceptionNow());
                        case CANCELLED, RUNNING -> throw new IllegalStateException(row.toString());
                    });
        }
        return rows;
    }

    /// What failed, alone.
    private List<Row> secondTries(Scene scene, List<Row> rows) {
        List<Row> failed = rows.stream().filter(row -> !row.isGood()).toList();
        long cells = failed.stream().mapToLong(Row::failedCells).sum();
        System.out.printf("%d cells needed a second try%n", cells);
        failed.forEach(row -> row.faults().forEach(fault -> System.out.println("  first try: " + fault)));
        if (failed.size() > MAX_SECOND_TRIES) {
            System.out.printf("%d streams failed: too many for that%n", failed.size());
            return rows;
        }
        List<Row> better = new ArrayList<>();
        for (Row row : rows) {
            better.add(row.isGood() ? row : row.mendedBy(again(scene, row.plan())));
        }
        return better;
    }

    private Row again(Scene scene, Plan plan) {
        try {
            return row(scene, plan, plan.name() + "-again");
        } catch (Exception | AssertionError e) {
            return Row.notPlayed(plan, e);
        }
    }

    private TestServer server(String name, String... settings) throws Exception {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(
                "rtsps_port=0",
                "record_mp4_audio=copy",
                "record_other_streams=mpegts,liveflv,rtp",
                "pull_allow=loopback",
                // Who fetches over TCP cannot tell the end of a stream from a connection that broke.
                "pull_hold=1"));
        return new TestServer(folder.resolve(name), all.toArray(String[]::new));
    }

    private static void report(List<Row> rows) throws Exception {
        Table ways = new Table(Plan.WAYS);
        Table programs = new Table(Plan.PROGRAMS);
        List<String> faults = new ArrayList<>();
        for (Row row : rows) {
            row.plan().enter(row.cells(), ways, programs);
            faults.addAll(row.faults());
        }
        System.out.printf(
                "%d cells of the matrix, %d faults, first pictures were there at most %.1f s after a player asked%n",
                rows.stream().mapToInt(row -> row.cells().size()).sum(),
                faults.size(),
                rows.stream().mapToDouble(Row::secondsToPicture).max().orElse(0));
        if (WRITES) {
            Files.writeString(
                    TABLE,
                    Plan.page(
                            ways.over(Table.read(TABLE, Plan.WAYS), Plan.lines()),
                            programs.over(Table.read(TABLE, Plan.PROGRAMS), Plan.programs())));
        }
        assertEquals("", String.join("\n", faults));
        for (Table made : List.of(ways, programs)) {
            Table known = Table.read(TABLE, made.heads());
            made.lines()
                    .forEach((line, cells) -> cells.forEach((column, value) -> assertEquals(
                            value, known.lines().getOrDefault(line, Map.of()).get(column), line + " → " + column)));
        }
    }

    /// @param called what its stream is called, in capitals
    private Row row(Scene scene, Plan plan, String called) throws Exception {
        WayIn in = plan.in();
        String name = called.toLowerCase(Locale.ROOT);
        Path own = Files.createDirectories(folder.resolve(name));
        // VLC is somebody else.
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
        Map<Out, Player> players = new LinkedHashMap<>();
        try (Sender sender = in.start(scene, clips.get(plan.codecs()), name, own.resolve("in.log"))) {
            Stream stream = awaitStream(scene.server(), name, sender);
            long begunNanos = stream.statistics().mediaNanos();
            for (Out out : plan.outs()) {
                if (players.size() == TOGETHER) {
                    Await.await("time", () -> stream.statistics().mediaNanos() - begunNanos > LATER_NANOS);
                }
                players.put(out, out.start(scene, stream, plan.codecs(), own.resolve(out.name())));
            }
            sender.awaitEnd();
            return judged(scene, plan, players, name);
        } finally {
            players.values().forEach(Player::stop);
        }
    }

    private Row judged(Scene scene, Plan plan, Map<Out, Player> players, String name) throws Exception {
        Path recording = scene.server().awaitRecordingOf(name);
        Clip clip = clips.get(plan.codecs());
        Clip sent = plan.in().encodes() || plan.in().losesLast() ? Clip.of(plan.codecs(), recording) : clip;
        Map<String, Taken> cells = new LinkedHashMap<>();
        double longestSeconds = 0;
        // What was sent is shown for a while only.
        List<Map.Entry<Out, Player>> pushedFirst = players.entrySet().stream()
                .sorted(Comparator.comparing(player -> !(player.getValue() instanceof Pushed)))
                .toList();
        for (Map.Entry<Out, Player> player : pushedFirst) {
            Taken taken = timed(plan, player.getValue().taken(sent));
            OptionalDouble seconds = player.getValue().secondsToFirst();
            if (taken.came() && seconds.isPresent()) {
                longestSeconds = Math.max(longestSeconds, seconds.getAsDouble());
                if (seconds.getAsDouble() > MAX_FIRST_PICTURE_SECONDS) {
                    taken.faults().add("its first picture was there after %.1f s".formatted(seconds.getAsDouble()));
                }
            }
            cells.put(player.getKey().name(), asKnown(plan, player.getKey(), taken));
        }
        boolean cut = plan.in().losesLast();
        Taken file = timed(plan, Taken.judge(cut ? clip : sent, recording, cut ? Clip.FRAMES_PER_SECOND : 0));
        if (plan.in().isWhole() && !plan.codecs().video.isEmpty() && file.firstSeconds() != 0) {
            file.faults().add("the recording begins at %.2f s".formatted(file.firstSeconds()));
        }
        cells.put(Plan.FILE, file);
        return new Row(plan, cells, longestSeconds, "");
    }

    private static Taken timed(Plan plan, Taken taken) {
        return plan.in().flashes() ? taken : taken.withoutTimes();
    }

    /// The same, or with the fault that it is not what the tables say: sound that was lost.
    private static Taken asKnown(Plan plan, Out out, Taken taken) throws Exception {
        Optional<String> known = plan.said(out, Table.read(TABLE, Plan.WAYS), Table.read(TABLE, Plan.PROGRAMS));
        return WRITES || !taken.isGood() || known.isEmpty() || known.get().equals(taken.fits())
                ? taken
                : taken.butShouldBe(known.get());
    }

    private static Stream awaitStream(TestServer server, String name, Sender sender) throws Exception {
        for (long left = Player.DEADLINE_SECONDS * 100; left > 0; left--) {
            Optional<Stream> stream = server.server().streams().find(new StreamName(name));
            if (stream.isPresent()) {
                return stream.get();
            }
            if (!sender.isAlive()) {
                break;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new AssertionError(name + " did not come: " + sender.said());
    }
}
