package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.FlashPage;
import tapedeck.peers.MultiRecorderRest;
import tapedeck.peers.TestServer;
import tapedeck.transcode.picture.Area;
import tools.jackson.databind.JsonNode;

/// Four tabs of Chromium, each with flashes and beeps of its own on the machine's one clock, come and go in a recording
/// of many: each is where and when it was, in the file and in the mix. `-Dparticipants.seconds=180` for three minutes.
@Tag("peer")
@Tag("realtime")
@Timeout(1200)
class RealParticipantsTest {
    private static final int SECONDS = Integer.getInteger("participants.seconds", 13);
    /// In a call somebody is there before he is recorded; and until its sender's reports have come, a browser's stream
    /// is only about where it belongs.
    private static final int WARM_UP_MILLIS = 6000;
    /// Beside everything else that the machine does, a page itself flashes late, and its sound is placed late at first.
    private static final boolean QUIET = SECONDS >= 60;

    /// A live mix takes time from the pages: beside other tests it would be they that are judged.
    private static final boolean LIVE = QUIET || Boolean.getBoolean("participants.live");

    private static final int PEOPLE = 4;
    private static final String SEEN_PEOPLE = """
            new Set([...document.querySelectorAll('#together video')]
                .filter((video) => video.getVideoPlaybackQuality().totalVideoFrames > 20)
                .map((video) => video.ariaLabel)).size""";
    private static final int FPS = 30;
    private static final Area CANVAS = new Area(0, 0, 640, 360);
    private static final double SOUND_SECONDS = 0.040;
    /// Less of a beep, a packet of sound, is no beep.
    private static final double CUT_SECONDS = 0.020;
    /// There is one beep a second, 0.1 s long: one so soon behind another is the rest of it.
    private static final double HOLE_SECONDS = 0.2;
    private static final double FRAME_SECONDS = 1.0 / FPS;
    /// A picture is shown so much early rather than one of the mix late (`PictureSource`).
    private static final double EARLY_SECONDS = 0.002;
    private static final double BUSY_SECONDS = 0.120;
    /// Beside pictures for which the machine has no time, and which are seen late or not at all.
    private static final double LIVE_DOUBTFUL = QUIET ? 0.02 : 0.1;
    /// By so much a stream is moved at least while it is moved, in seconds each second.
    private static final double MOVED_PER_SECOND = 0.004;
    /// Half of so few tell more of the machine than of the file.
    private static final int MIN_JUDGED = 3;
    /// However many pictures the machine had no time for.
    private static final double MAX_DOUBTFUL = 0.25;
    /// In pictures, to say where it is bright instead.
    private static final int LOOKED_AROUND = 10;
    /// Around a join or a leave it is not judged which layout a picture has.
    private static final double CHANGE_SECONDS = 0.3;

    @TempDir
    private Path folder;

    private Path liveMix;
    /// Which part of its pictures were left out.
    private double liveDropped;

    private static double phase(int person) {
        return person * 0.25;
    }

    private static int hz(int person) {
        return 800 * (person + 1);
    }

    @Test
    void eachIsWhereAndWhenItWas() throws Exception {
        Path file = record();
        List<DescribedTrack> tracks = tracks(file);
        List<DescribedTrack> videos =
                tracks.stream().filter(DescribedTrack::isVideo).toList();
        List<DescribedTrack> audios =
                tracks.stream().filter(track -> !track.isVideo()).toList();
        assertTrue(videos.size() > PEOPLE, "nobody came back: " + videos.size());
        assertEquals(videos.size(), audios.size());
        List<FlashAndBeep> measured = new ArrayList<>();
        for (int i = 0; i < videos.size(); i++) {
            measured.add(FlashAndBeep.measure(file, i, i));
        }
        List<List<Double>> flashes =
                measured.stream().map(FlashAndBeep::flashSeconds).toList();
        List<List<Double>> beeps =
                measured.stream().map(FlashAndBeep::beepSeconds).toList();
        assertAll(
                () -> judge("flashes", videos, flashes, QUIET ? FRAME_SECONDS : BUSY_SECONDS),
                () -> judge("beeps", audios, beeps, QUIET ? SOUND_SECONDS : BUSY_SECONDS),
                () -> judgeMix(file, videos, audios, measured),
                () -> judgeLiveMix(videos, audios, measured, clock(videos, beeps)),
                this::theConsolePlaysIt);
    }

    /// Also VP8, which browsers do not take from MP4.
    private void theConsolePlaysIt() throws Exception {
        try (TestServer server = new TestServer(folder.resolve("data"));
                Chromium chromium = new Chromium()) {
            server.awaitRecording("multi-recorder__room.mp4");
            Page page = chromium.open(server.httpUrl("/"));
            page.locator("#recordings .file", new Page.LocatorOptions().setHasText("multi-recorder__room.mp4"))
                    .getByText("Play")
                    .click();
            page.waitForCondition(() -> ((Number) page.evaluate(SEEN_PEOPLE)).intValue() == PEOPLE);
            assertTrue(page.locator("#together-problem").isHidden());
            page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target", "console-together-real.png")));
        }
    }

    private Path record() throws Exception {
        try (TestServer server = new TestServer(
                        folder.resolve("data"), "record_whip_streams=false", "record_other_streams=mixer");
                FlashPage page = new FlashPage();
                Chromium chromium = new Chromium()) {
            MultiRecorderRest recorder = new MultiRecorderRest(server, "multi-recorder://room");
            recorder.start();
            MultiRecorderRest mixer = new MultiRecorderRest(server, "mixer", "mixer://room");
            if (LIVE) {
                mixer.start(", \"localStreamName\": \"live-mix\", \"width\": %d, \"height\": %d, \"fps\": %d"
                                .formatted(CANVAS.width(), CANVAS.height(), FPS)
                        + ", \"bitrate\": 1000, \"mixerDisplayStreamName\": false");
            }
            for (int i = 0; i < PEOPLE; i++) {
                chromium.open(page.url("whip=%s&codec=%s&phase=%s&hz=%d&size=320x180&fps=%d"
                        .formatted(
                                URLEncoder.encode(server.httpUrl("/whip/" + name(i)), StandardCharsets.UTF_8),
                                i == 1 ? "VP8" : "H264",
                                phase(i),
                                hz(i),
                                FPS)));
            }
            TimeUnit.MILLISECONDS.sleep(WARM_UP_MILLIS);
            comeAndGo(LIVE ? List.of(recorder, mixer) : List.of(recorder));
            recorder.terminate();
            if (LIVE) {
                end(server, mixer);
            }
            return server.awaitRecording("multi-recorder__room.mp4");
        }
    }

    private void end(TestServer server, MultiRecorderRest mixer) throws Exception {
        // What is on its way through the mix comes, too.
        TimeUnit.MILLISECONDS.sleep(1000);
        JsonNode now = mixer.found();
        System.out.println("the live mixer: " + now);
        liveDropped = (double) now.path("droppedPictures").asLong()
                / (now.path("droppedPictures").asLong() + now.path("pictures").asLong());
        mixer.terminate();
        liveMix = server.awaitRecording("live-mix.mp4");
    }

    /// All of them first, then one joins or leaves every second or so, but never the last.
    private static void comeAndGo(List<MultiRecorderRest> all) throws Exception {
        Random random = new Random(6);
        boolean[] here = new boolean[PEOPLE];
        for (int i = 0; i < PEOPLE; i++) {
            change(all, i, true);
            here[i] = true;
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(1500 + random.nextInt(1500));
            int person = 1 + random.nextInt(PEOPLE - 1);
            here[person] = !here[person];
            change(all, person, here[person]);
        }
    }

    private static void change(List<MultiRecorderRest> all, int person, boolean joins) throws Exception {
        for (MultiRecorderRest each : all) {
            if (joins) {
                each.add(name(person));
            } else {
                each.remove(name(person));
            }
        }
    }

    private static String name(int person) {
        return "person" + person;
    }

    private static int person(DescribedTrack track) {
        return Integer.parseInt(track.identity().streamName().substring("person".length()));
    }

    private static List<DescribedTrack> tracks(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return MovieTracks.of(channel).stream()
                    .sorted(Comparator.comparing(DescribedTrack::id))
                    .toList();
        }
    }

    /// A page that gets no time in the middle of a beep makes two of it.
    private static List<Double> apartFromEachOther(List<Double> moments) {
        List<Double> kept = new ArrayList<>();
        for (double moment : moments) {
            if (kept.isEmpty() || moment - kept.getLast() > 0.5) {
                kept.add(moment);
            }
        }
        return kept;
    }

    /// When the machine's full seconds are in the time of the file, by all that was found.
    private static double clock(List<DescribedTrack> tracks, List<List<Double>> found) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < tracks.size(); i++) {
            int person = person(tracks.get(i));
            found.get(i).forEach(moment -> seconds.add(moment - phase(person)));
        }
        return middle(seconds);
    }

    /// Of moments whose full second does not matter.
    private static double middle(List<Double> seconds) {
        assertFalse(seconds.isEmpty(), "nothing was seen or heard");
        double about = seconds.getFirst();
        List<Double> apart =
                seconds.stream().map(each -> apart(each, about)).sorted().toList();
        return about + apart.get(apart.size() / 2);
    }

    /// How much later one is than the other, whatever the second.
    private static double apart(double one, double other) {
        double difference = (one - other) % 1;
        return difference > 0.5 ? difference - 1 : difference < -0.5 ? difference + 1 : difference;
    }

    /// How far each is from the clock that all of them flashed and beeped by: of all of them together, and in every
    /// single stay, of which beside other tests only those are judged that stand where they are.
    private static void judge(String what, List<DescribedTrack> tracks, List<List<Double>> found, double bound) {
        double clock = clock(tracks, found);
        List<Double> all = new ArrayList<>();
        List<String> away = new ArrayList<>();
        for (int i = 0; i < tracks.size(); i++) {
            DescribedTrack track = tracks.get(i);
            String name = what + " of " + track.identity().streamName();
            double expected = clock + phase(person(track));
            List<Double> late =
                    found.get(i).stream().map(moment -> apart(moment, expected)).toList();
            System.out.println(
                    name + ": " + late.stream().map("%.3f"::formatted).toList());
            List<Double> far = late.stream().map(Math::abs).sorted().toList();
            all.addAll(far);
            boolean judged = far.size() >= MIN_JUDGED && (QUIET || !isMoved(late));
            if (judged && far.get(far.size() / 2) > bound) {
                away.add("%s, track %s: %.3f s".formatted(name, track.id(), far.get(far.size() / 2)));
            }
            double seconds = track.segments().stream()
                    .filter(Segment::media)
                    .mapToDouble(segment -> (segment.endNanos() - segment.startNanos()) / 1e9)
                    .sum();
            assertTrue(late.size() >= Math.floor(seconds) - 1, name + ": %d in %.1f s".formatted(late.size(), seconds));
        }
        List<Double> sorted = all.stream().sorted().toList();
        double most = sorted.get(sorted.size() * (QUIET ? 9 : 5) / 10);
        System.out.printf(
                "%s: %.3f s from the clock at most, 9 of 10 %.3f s, half of them %.3f s%n",
                what, sorted.getLast(), sorted.get(sorted.size() * 9 / 10), sorted.get(sorted.size() / 2));
        assertTrue(most <= bound, what + " are %.3f s away".formatted(most));
        assertEquals(
                List.of(),
                away,
                "half of what one showed or said in one stay is further away than %.3f s".formatted(bound));
    }

    /// Whether a stream is still on its way to its place, which takes the server twenty seconds for a tenth of one
    /// ([tapedeck.rtp.PeerClock]): beside other tests the first packets and reports of a page come late.
    private static boolean isMoved(List<Double> late) {
        int half = late.size() / 2;
        double before = late.subList(0, half).stream().sorted().toList().get(half / 2);
        List<Double> rest = late.subList(half, late.size()).stream().sorted().toList();
        double by = Math.abs(rest.get(rest.size() / 2) - before);
        return by >= MOVED_PER_SECOND * late.size() / 2;
    }

    private static boolean shows(DescribedTrack track, double from, double until) {
        return track.segments().stream()
                .anyMatch(segment ->
                        segment.media() && segment.startNanos() <= from * 1e9 && until * 1e9 <= segment.endNanos());
    }

    private static boolean showsAny(DescribedTrack track, double from, double until) {
        return track.segments().stream()
                .anyMatch(segment ->
                        segment.media() && segment.startNanos() <= until * 1e9 && from * 1e9 <= segment.endNanos());
    }

    /// Whether nobody comes or goes around this time.
    private static boolean isSteady(List<DescribedTrack> videos, double at) {
        return videos.stream()
                .allMatch(track -> shows(track, at - CHANGE_SECONDS, at + CHANGE_SECONDS)
                        || !showsAny(track, at - CHANGE_SECONDS, at + CHANGE_SECONDS));
    }

    /// The live mix as the file is to be: their times are a second's parts apart by what all flash and beep
    /// by, and as many full seconds as fit best.
    private void judgeLiveMix(
            List<DescribedTrack> videos, List<DescribedTrack> audios, List<FlashAndBeep> measured, double clock)
            throws Exception {
        if (!LIVE) {
            return;
        }
        assertEquals("", Ffmpeg.decodeErrors(liveMix));
        Look look = Look.overTime(liveMix, FPS);
        List<Double> seconds = new ArrayList<>();
        for (int person = 0; person < PEOPLE; person++) {
            double phase = phase(person);
            look.beeps(hz(person)).forEach(at -> seconds.add(at - phase));
        }
        double part = apart(middle(seconds), clock);
        Judged best = judge(look, part, videos, audios, measured);
        for (int second = 1; second < look.soundSeconds() - SECONDS / 2; second++) {
            Judged judged = judge(look, second + part, videos, audios, measured);
            best = judged.score() > best.score() ? judged : best;
        }
        best.check("the live mix", Math.min(MAX_DOUBTFUL, LIVE_DOUBTFUL + 2 * liveDropped));
    }

    /// Every flash of the file in the tile where it belongs, and no other tile bright then that does not flash itself;
    /// every beep in the sum.
    private static void judgeMix(
            Path file, List<DescribedTrack> videos, List<DescribedTrack> audios, List<FlashAndBeep> measured)
            throws Exception {
        String settings = "{\"width\": %d, \"height\": %d, \"mixerDisplayStreamName\": false}"
                .formatted(CANVAS.width(), CANVAS.height());
        Mixed mixed = OfflineMixer.mix(file, MixSettings.parse(settings, file.getParent()), (_, _) -> {});
        assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
        judge(Look.at(mixed.file(), FPS), 0, videos, audios, measured).check("the mix", QUIET ? 0 : 1.0 / 15);
    }

    /// @param flashes that were judged
    /// @param broken beeps with a hole in them: what is behind it is not judged
    private record Judged(int flashes, List<String> wrong, int beeps, List<String> silent, int broken) {
        private int score() {
            return flashes - wrong.size() + beeps - silent.size();
        }

        private void check(String what, double doubtful) {
            System.out.printf(
                    "%s: %d flashes judged, wrong are %s; of %d beeps, %d with a hole, not heard are %s%n",
                    what, flashes, wrong, beeps, broken, silent);
            assertTrue(flashes > SECONDS / 2, "%s: only %d flashes could be judged".formatted(what, flashes));
            assertTrue(wrong.size() <= (int) (flashes * doubtful), what + ", wrong: " + wrong);
            assertTrue(silent.size() <= (int) (flashes * doubtful), what + ", not heard: " + silent);
        }
    }

    /// @param later the mix is than the file, in seconds
    private static Judged judge(
            Look look,
            double later,
            List<DescribedTrack> videos,
            List<DescribedTrack> audios,
            List<FlashAndBeep> measured) {
        List<String> wrong = new ArrayList<>();
        List<String> silent = new ArrayList<>();
        int judged = 0;
        int sounds = 0;
        int broken = 0;
        for (int i = 0; i < videos.size(); i++) {
            for (double at : measured.get(i).flashSeconds()) {
                // A page that gets no time flashes for less than a picture of the mix, which may fall beside it.
                if (isSteady(videos, at) && measured.get(i).flashLasts(at) >= FRAME_SECONDS) {
                    judged++;
                    wrong.addAll(wrong(look, later, videos, measured, i, at));
                }
            }
            List<Double> heard = look.beeps(hz(person(videos.get(i))));
            double before = Double.NEGATIVE_INFINITY;
            for (double beep : measured.get(i).beepSeconds()) {
                boolean rest = beep - before < HOLE_SECONDS;
                before = beep;
                broken += rest ? 1 : 0;
                if (rest || !shows(audios.get(i), beep, beep + CUT_SECONDS)) {
                    // Behind a hole that a page left in it; or whoever leaves with its first milliseconds.
                    continue;
                }
                sounds++;
                if (heard.stream().noneMatch(found -> Math.abs(found - later - beep) <= SOUND_SECONDS)) {
                    silent.add("%.2f s: %s"
                            .formatted(beep, videos.get(i).identity().streamName()));
                }
            }
        }
        return new Judged(judged, wrong, sounds, silent, broken);
    }

    /// Tiles that are not as they should be when this one flashes.
    private static List<String> wrong(
            Look look, double later, List<DescribedTrack> videos, List<FlashAndBeep> measured, int who, double at) {
        List<String> wrong = new ArrayList<>();
        List<DescribedTrack> seen =
                videos.stream().filter(track -> shows(track, at, at)).toList();
        List<Area> cells = new Layout.Grid().place(CANVAS, seen.size(), -1);
        int first = (int) Math.ceil((at + later - EARLY_SECONDS) * FPS);
        for (int tile = 0; tile < cells.size(); tile++) {
            Area cell = cells.get(tile);
            double x = (cell.x() + cell.width() / 2.0) / CANVAS.width();
            double y = (cell.y() + cell.height() / 2.0) / CANVAS.height();
            boolean mine = seen.get(tile) == videos.get(who);
            // A page that gets no time flashes for a single picture.
            boolean bright = isBright(look, first, x, y) || mine && isBright(look, first + 1, x, y);
            boolean flashing = measured.get(videos.indexOf(seen.get(tile))).flashSeconds().stream()
                    .anyMatch(flash -> Math.abs(flash - at) < 0.1);
            if (bright != flashing && (mine || !flashing)) {
                List<Integer> near = IntStream.rangeClosed(-LOOKED_AROUND, LOOKED_AROUND)
                        .filter(away -> isBright(look, first + away, x, y))
                        .boxed()
                        .toList();
                wrong.add("%.2f s: %s is %s (tile %d of %d; bright are pictures %s from there)"
                        .formatted(
                                at,
                                seen.get(tile).identity().streamName(),
                                bright ? "bright" : "dark",
                                tile,
                                cells.size(),
                                near));
            }
        }
        return wrong;
    }

    private static boolean isBright(Look look, int picture, double x, double y) {
        return picture >= 0 && picture < look.pictures() && look.brightness(picture, x, y) > 110;
    }
}
