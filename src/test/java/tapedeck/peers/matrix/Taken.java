package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tapedeck.peers.FlashAndBeep;

/// What came out of one way, judged by what went in.
///
/// @param fits `yes`, `picture`, `sound`, `no`, `?` or `failed`
/// @param firstSeconds of the clip's time, when the first picture that came is shown; nothing where none came
/// @param faults what should not be
record Taken(String fits, double firstSeconds, List<String> faults) {
    /// Between a flash and its beep, farther than they were when they were sent: half of them.
    private static final double MAX_APART_SECONDS = 0.040;
    /// And each of them: one picture more, which is what a picture that is shown late by one, or a player that
    /// drops the first of a flash, makes of it.
    private static final double MAX_WORST_SECONDS = 0.080;
    /// Of sound alone, from one beep to the next.
    private static final double BEEP_SECONDS = 1;
    private static final double BEEP_LASTS_SECONDS = 0.1;
    /// The flashes at both ends may be cut.
    private static final int CUT_FLASHES = 2;

    /// Of a clip, of sound alone: players begin within the first seconds of it.
    private static final int MIN_BEEPS = 3;

    private static final String FAILED = "failed";
    private static final String APART = "beeps behind flashes ";
    /// Of ffmpeg, when pictures go back in time or stand still.
    private static final String BACKWARDS = "non monotonically increasing dts";

    private static final String UNTIMED = "times of pictures: ";
    private static final double NONE = Double.NEGATIVE_INFINITY;

    /// The server has said which codec this way does not carry.
    static final Taken REFUSED = new Taken("no", NONE, List.of());

    /// It came, and the program does not know it.
    static final Taken UNREADABLE = new Taken("?", NONE, List.of());

    /// Of a program that writes times of its own: also pictures may stand at one time.
    Taken withTimesOfItsOwn() {
        Taken untimed = withoutTimes();
        return new Taken(
                fits,
                firstSeconds,
                untimed.faults.stream()
                        .filter(fault -> !fault.startsWith(UNTIMED))
                        .collect(Collectors.toList()));
    }

    /// Of a program that gives sound and picture times of its own.
    Taken withoutTimes() {
        return new Taken(
                fits,
                firstSeconds,
                faults.stream().filter(fault -> !fault.startsWith(APART)).collect(Collectors.toList()));
    }

    boolean isGood() {
        return faults.isEmpty();
    }

    /// For the table.
    String verdict() {
        return isGood() ? fits : FAILED;
    }

    Taken butShouldBe(String known) {
        return new Taken(fits, firstSeconds, List.of("is \"%s\" and should be \"%s\"".formatted(fits, known)));
    }

    static Taken failed(String how) {
        return new Taken(FAILED, NONE, new ArrayList<>(List.of(how)));
    }

    /// @param mayLoseLast pictures at the end, which this program does not write
    static Taken judge(Clip clip, Path file, int mayLoseLast) throws IOException {
        return judge(clip, file, mayLoseLast, false);
    }

    /// Of a browser by WebRTC: what waits for its turn when the session ends is left out, and one that asks for a
    /// keyframe of a publisher that makes none gets the pictures since the last one again.
    static Taken judgeViewer(Clip clip, Path file) throws IOException {
        return judge(clip, file, Clip.FRAMES_PER_SECOND, true);
    }

    private static Taken judge(Clip clip, Path file, int mayLoseLast, boolean mayGetAgain) throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return failed("nothing came");
        }
        Look got = Look.at(file, clip.codecs());
        List<String> faults = new ArrayList<>();
        complain(got.complaints(), faults);
        int first = -1;
        if (got.video()) {
            List<String> hashes = Clip.hashes(got);
            first = first(clip.hashes(), hashes, mayLoseLast);
            if (first < 0 && mayGetAgain) {
                first = first(clip.hashes(), withoutAgain(hashes, clip.keyframes()), mayLoseLast);
            }
            if (first < 0) {
                faults.add(unlike(clip.hashes(), hashes));
            }
        }
        if (got.audio() && !got.pictures().isEmpty()) {
            hear(first < 0 ? clip.look().moments() : clip.momentsFrom(first), got, faults);
        } else if (got.audio() && !clip.look().video()) {
            hearAlone(got.moments().beepSeconds(), faults);
        }
        boolean whole =
                got.video() == clip.look().video() && got.audio() == clip.look().audio();
        return new Taken(
                whole ? "yes" : got.video() ? "picture" : got.audio() ? "sound" : "no",
                first < 0 ? NONE : clip.secondsOf(first),
                faults);
    }

    static void complain(String complaints, List<String> faults) {
        complaints.lines().filter(line -> line.contains(BACKWARDS)).forEach(line -> faults.add(UNTIMED + line));
        String others =
                complaints.lines().filter(line -> !line.contains(BACKWARDS)).collect(Collectors.joining("\n"));
        if (!others.isEmpty()) {
            faults.add("does not decode: " + others);
        }
    }

    /// @param sent in the part that came: what a browser makes on a busy machine drifts by itself
    private static void hear(FlashAndBeep sent, Look got, List<String> faults) {
        List<Double> delays = got.moments().beepDelays();
        double seconds =
                got.pictures().getLast().seconds() - got.pictures().getFirst().seconds();
        if (delays.size() < Math.max(2, (int) Math.round(seconds) - CUT_FLASHES)
                || Math.abs(got.moments().medianDelay() - sent.medianDelay()) > MAX_APART_SECONDS
                || worst(sent.beepDelays(), delays) > MAX_WORST_SECONDS) {
            faults.add(APART + delays);
        }
    }

    /// Beginnings may be missing: each by the one that is as far from the end.
    private static double worst(List<Double> sent, List<Double> got) {
        double worst = 0;
        for (int back = 1; back <= Math.min(sent.size(), got.size()); back++) {
            double apart = got.get(got.size() - back) - sent.get(sent.size() - back);
            worst = Math.max(worst, Math.abs(apart));
        }
        return worst;
    }

    /// Sound without a picture: beeps that come each second, up to the last. Of one with which a player begins it may
    /// have the end alone, which is later by what is missing.
    static void hearAlone(List<Double> heard, List<String> faults) {
        double worst = 0;
        for (int i = 1; i < heard.size(); i++) {
            double off = heard.get(i) - heard.get(i - 1) - BEEP_SECONDS;
            worst = Math.max(worst, i == 1 && off < 0 ? Math.max(0, -off - BEEP_LASTS_SECONDS) : Math.abs(off));
        }
        if (heard.size() < MIN_BEEPS || worst > MAX_APART_SECONDS) {
            faults.add("beeps at " + heard);
        }
    }

    /// Whether anything did.
    boolean came() {
        return List.of("yes", "picture", "sound").contains(fits);
    }

    /// Without the first stretch that comes again at once: a keyframe and what follows it, less than a whole group.
    ///
    /// @param keyframes of what was sent
    static List<String> withoutAgain(List<String> got, Set<String> keyframes) {
        for (int from = 0; from < got.size(); from++) {
            int most = Math.min(Clip.FRAMES_PER_SECOND - 1, (got.size() - from) / 2);
            for (int length = keyframes.contains(got.get(from)) ? most : 0; length > 0; length--) {
                int behind = from + length;
                if (got.subList(from, behind).equals(got.subList(behind, behind + length))) {
                    List<String> once = new ArrayList<>(got.subList(0, behind));
                    once.addAll(got.subList(behind + length, got.size()));
                    return once;
                }
            }
        }
        return got;
    }

    /// From a keyframe on to the last, none missing, none changed.
    ///
    /// Seconds of a clip are alike: only its end says where its beginning was.
    ///
    /// @return the number of the first one, -1 if that is not so
    private static int first(List<String> sent, List<String> got, int mayLoseLast) {
        for (int lost = 0; lost <= mayLoseLast && !got.isEmpty(); lost++) {
            int from = sent.size() - lost - got.size();
            if (from >= 0 && sent.subList(from, from + got.size()).equals(got)) {
                return from;
            }
        }
        return -1;
    }

    private static String unlike(List<String> sent, List<String> got) {
        if (got.isEmpty()) {
            return "a picture without pictures";
        }
        long known = got.stream().filter(sent::contains).count();
        return "%d pictures of %d, of them %d as sent, the first is number %d, the last %d"
                .formatted(got.size(), sent.size(), known, sent.indexOf(got.getFirst()), sent.indexOf(got.getLast()));
    }
}
