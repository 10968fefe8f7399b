package tapedeck.peers.matrix;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One stream that is published, and who takes it.
record Plan(WayIn in, Clip.Codecs codecs, List<? extends Out> outs) {
    static final String WAYS = "in | codecs";
    static final String PROGRAMS = "program | way out";
    static final String FILE = "file";
    /// What all other programs play.
    private static final WayIn ONE_FOR_ALL = WayIn.RTSP_TCP;

    /// @param wanted `usual`, `all`, `programs`, or names of ways in (all their codecs, or as `RTMP-H264_AAC`
    /// one of them) or of other programs
    /// @param outs names of ways out and of other programs, if not all of them
    static List<Plan> of(String wanted, String outs) {
        if (outs.isEmpty()) {
            return of(wanted);
        }
        List<String> named = Arrays.asList(outs.split(","));
        List<Plan> plans = new ArrayList<>();
        for (Plan plan : of(wanted)) {
            List<? extends Out> left =
                    plan.outs.stream().filter(out -> named.contains(out.name())).toList();
            if (!left.isEmpty()) {
                plans.add(new Plan(plan.in, plan.codecs, left));
            }
        }
        return plans;
    }

    private static List<Plan> of(String wanted) {
        return switch (wanted) {
            case "usual" -> usual();
            case "all" -> {
                List<Plan> plans = all(Arrays.asList(WayIn.values()));
                plans.addAll(ofPrograms(Arrays.asList(OtherPlayer.values())));
                yield plans;
            }
            case "programs" -> ofPrograms(Arrays.asList(OtherPlayer.values()));
            default -> named(Arrays.asList(wanted.split(",")));
        };
    }

    private static List<Plan> named(List<String> names) {
        List<OtherPlayer> programs = Arrays.stream(OtherPlayer.values())
                .filter(program -> names.contains(program.name()))
                .toList();
        List<String> others = new ArrayList<>(names);
        programs.forEach(program -> others.remove(program.name()));
        List<Plan> plans = all(Arrays.asList(WayIn.values())).stream()
                .filter(plan -> others.contains(plan.in.name()) || others.contains(plan.name()))
                .collect(Collectors.toCollection(ArrayList::new));
        List<String> known = plans.stream()
                .flatMap(plan -> Stream.of(plan.in.name(), plan.name()))
                .toList();
        others.removeAll(known);
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("no such stream: " + others);
        }
        plans.addAll(ofPrograms(programs));
        return plans;
    }

    private static List<Plan> all(List<WayIn> ins) {
        List<Plan> plans = new ArrayList<>();
        for (WayIn in : ins) {
            for (Clip.Codecs codecs : in.codecs) {
                plans.add(with(in, codecs, Arrays.asList(WayOut.values())));
            }
        }
        return plans;
    }

    private static List<Plan> ofPrograms(List<OtherPlayer> programs) {
        List<Plan> plans = new ArrayList<>();
        for (Clip.Codecs codecs : ONE_FOR_ALL.codecs) {
            Plan plan = with(ONE_FOR_ALL, codecs, programs);
            if (!plan.outs.isEmpty()) {
                plans.add(plan);
            }
        }
        return plans;
    }

    /// Each way in, each way out and each codec once at least: ways in take the codecs that were not there yet, and the
    /// ways out take turns.
    private static List<Plan> usual() {
        Set<Clip.Codecs> missing = EnumSet.allOf(Clip.Codecs.class);
        Turns turns = new Turns();
        List<Plan> plans = new ArrayList<>();
        for (WayIn in : WayIn.values()) {
            Clip.Codecs codecs =
                    in.codecs.stream().filter(missing::contains).findFirst().orElse(in.usual());
            missing.remove(codecs);
            plans.add(with(in, codecs, turns.next(codecs)));
        }
        for (Clip.Codecs codecs : missing) {
            WayIn in = Arrays.stream(WayIn.values())
                    .filter(way -> way.codecs.contains(codecs))
                    .findFirst()
                    .orElseThrow();
            plans.add(with(in, codecs, turns.next(codecs)));
        }
        plans.add(with(
                ONE_FOR_ALL,
                Clip.Codecs.H264_AAC,
                List.of(
                        OtherPlayer.FFMPEG_RTMPS,
                        OtherPlayer.FFMPEG_RTMPT,
                        OtherPlayer.FFMPEG_RTSPS,
                        OtherPlayer.FFMPEG_RTSP_HTTP,
                        OtherPlayer.RTMPDUMP,
                        OtherPlayer.FFMPEG5_HLS,
                        OtherPlayer.GSTREAMER_TS,
                        OtherPlayer.VLC_TS)));
        plans.add(with(
                ONE_FOR_ALL,
                Clip.Codecs.VP9_OPUS,
                List.of(OtherPlayer.FIREFOX_SOCKET, OtherPlayer.CHROMIUM_HLS, OtherPlayer.GSTREAMER_RTSP)));
        return plans;
    }

    /// Ways out, a few for each stream.
    private static final class Turns {
        private static final int EACH = 2;

        private final Deque<WayOut> waiting = new ArrayDeque<>(Arrays.asList(WayOut.values()));

        List<WayOut> next(Clip.Codecs codecs) {
            List<WayOut> taken = waiting.stream()
                    .filter(out -> out.takes(codecs))
                    .limit(EACH)
                    .toList();
            waiting.removeAll(taken);
            waiting.addAll(taken);
            return taken;
        }
    }

    private static Plan with(WayIn in, Clip.Codecs codecs, List<? extends Out> outs) {
        return new Plan(
                in, codecs, outs.stream().filter(out -> out.takes(codecs)).toList());
    }

    static boolean needsFirefox(List<Plan> plans) {
        return plans.stream()
                .flatMap(plan -> plan.outs.stream())
                .anyMatch(out -> out.title().startsWith("Firefox"));
    }

    /// Of the table of ways.
    static List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (WayIn in : WayIn.values()) {
            in.codecs.forEach(codecs -> lines.add(in.title + " | " + codecs));
        }
        return lines;
    }

    /// Lines of the other table.
    static List<String> programs() {
        return Arrays.stream(OtherPlayer.values()).map(Out::title).toList();
    }

    private boolean isOfPrograms() {
        return !outs.isEmpty() && outs.getFirst() instanceof OtherPlayer;
    }

    /// Of its stream.
    String name() {
        return in.name() + "-" + codecs.name() + (isOfPrograms() ? "-programs" : "");
    }

    String title() {
        return in.title + ", " + codecs;
    }

    /// What came of it.
    void enter(Map<String, Taken> cells, Table ways, Table programs) {
        if (isOfPrograms()) {
            for (OtherPlayer out : OtherPlayer.values()) {
                if (cells.containsKey(out.name())) {
                    programs.put(
                            out.title(),
                            codecs.toString(),
                            cells.get(out.name()).verdict());
                }
            }
            return;
        }
        for (WayOut out : WayOut.values()) {
            if (cells.containsKey(out.name())) {
                ways.put(line(), out.title(), cells.get(out.name()).verdict());
            } else if (!out.takes(codecs)) {
                ways.put(line(), out.title(), Taken.UNREADABLE.fits());
            }
        }
        if (cells.containsKey(FILE)) {
            ways.put(line(), FILE, cells.get(FILE).verdict());
        }
    }

    /// What these tables say of a way out; nothing where they do not know it.
    Optional<String> said(Out out, Table ways, Table programs) {
        Map<String, String> line = isOfPrograms()
                ? programs.lines().getOrDefault(out.title(), Map.of())
                : ways.lines().getOrDefault(line(), Map.of());
        return Optional.ofNullable(line.get(isOfPrograms() ? codecs.toString() : out.title()));
    }

    private String line() {
        return in.title + " | " + codecs;
    }

    static String page(Table ways, Table programs) {
        return """
                # What comes in by which way, and goes out by which

                Made by `peers.matrix.MatrixTest`, which plays every cell with real programs. *yes*: picture and sound; every picture
                is as it was sent, none is missing from the player's first keyframe on, half of the beeps are within 40 ms of their flashes and
                each within 80 ms, the first picture is in what the player writes within 2 s (4 s in a busy build) after it began to ask
                (its first socket; of WebRTC its offer; of browsers until it can be shown), by the slower of the stream's clock and the machine's, and the
                player ends with the publisher. Streams of one track have only what they have; of sound alone, beeps come each second to
                within 40 ms (the first, if its beginning is cut, to within its length). A browser that asks for a keyframe by WHEP, of a
                publisher that makes none, gets the pictures since the last one again, once. VLC's first pictures are not timed: it writes by times of its own. *picture*, *sound*: the same of one of them; the other has a codec which that way does
                not carry, and the answer, or the state of the push, names it. *no*: the server says which codec that way does not carry
                ([protocols.md](protocols.md#what-works-with-what)). *?*: it is sent, and no program was found here that reads it.
                *failed*: it ought to work, and did not, twice.
                Publishers and players are ffmpeg 8 where nothing else is said; RTMP is asked for the codecs that ffmpeg names as its
                own (`rtmp_enhanced_codecs`). Pulls are from another Tapedeck (RTMP, RTSP), from ffmpeg (TS, FLV, MP4), from a web server (HLS)
                and of files; pushes go to ffmpeg, by WHIP to another Tapedeck. By WHEP the last second may be missing: what waits when
                a stream ends is left out. By RTMPT ffmpeg drops
                what it has not sent yet when it ends: players are compared with the recording, and that with the clip but for its last second.
                What browsers publish is compared with the recording; Firefox sends
                its own tone, which says nothing about beeps and flashes. GStreamer's
                webrtcbin that sends files begins with a second of the past, and its sender reports are wrong: they name the RTP time of
                the last packet plus all the time since it was started (13.8 s into a clip of 8 s, 6 s after its start), and are so for
                each track by up to a packet more or less. They are not believed; a server that believes them has beeps up to 40 ms apart
                from their flashes, as each track is placed.

                %s
                ## Other programs

                What they play of streams that came by RTSP, judged in the same way; VLC writes times of its own, so not by these
                (of RTMP the first two pictures at 0 s and 0.12 s, all others by the clock of the machine, two of them at one
                time: so it does of any server, tried with ffmpeg's), and so does GStreamer of a description. By WHEP browsers
                hand over the frames that they got, before they are decoded, and say how much they decoded; how they
                show and play it is not judged here (`WatchingBrowsersTest` does that).
                Empty: not played, as the program does not know that codec on this way, or does not write what it reads of it.
                Other tests: GStreamer's `rtmp2sink` and `rtmpsink` as publishers (`RtmpPublishPeerTest`, frame by frame), VLC a minute
                long by HLS, MPEG-TS and RTSP without a late picture (`VlcMinuteTest`; by RTMP and FLV it runs dry by itself, of
                nginx-rtmp too; Debian 12's has no RTSP, a later one was taken) and with G.711 by plain RTP (`VlcRtpTest`; Debian's VLC has nothing that opens a description; a later one played it for a minute).

                %s""".formatted(ways, programs);
    }
}
