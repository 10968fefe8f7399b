package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.protocol.webrtc.SimulatedViewer.MILLI;
import static tapedeck.protocol.webrtc.SimulatedViewer.SECOND;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.Rtcp;

/// One viewer over simulated paths, in simulated time.
class OutboundMediaTest {
    private static final List<String> BROWSER = List.of("nack", "nack pli", "ccm fir", "transport-cc");
    private static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(640, 480));
    private static final Track AUDIO = new Track(Track.AUDIO, new Codec.Opus(2, 0));
    private static final int FRAMES_PER_SECOND = 30;
    private static final int GOP = 60;
    /// How much larger a keyframe is than other pictures.
    private static final int KEYFRAME_SHARE = 5;

    /// A picture every 33 ms, a keyframe every two seconds that is five times as large, sound every 20 ms.
    private static List<Frame> stream(int seconds, int kilobitsPerSecond) {
        Random random = new Random(8_888);
        int bytes = kilobitsPerSecond * 1_000 / 8 * 2 / (GOP - 1 + KEYFRAME_SHARE);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < seconds * FRAMES_PER_SECOND; i++) {
            boolean keyframe = i % GOP == 0;
            byte[] data = new byte[keyframe ? KEYFRAME_SHARE * bytes : bytes];
            random.nextBytes(data);
            // RFC 6386 9.1: shown, a first partition of 16 bytes.
            data[0] = (byte) (keyframe ? 0x10 : 0x11);
            data[1] = 2;
            data[2] = 0;
            if (keyframe) {
                Bytes.ofHex("9D012A 8002 E001").copyTo(0, data, 3, 7);
            }
            long nanos = i * SECOND / FRAMES_PER_SECOND;
            frames.add(new Frame(VIDEO, nanos, nanos, keyframe, Bytes.wrap(data)));
        }
        for (int i = 0; i < seconds * 50; i++) {
            byte[] data = new byte[80];
            random.nextBytes(data);
            // RFC 6716 3.1: one frame of 20 ms.
            data[0] = (byte) 0xFC;
            frames.add(new Frame(AUDIO, i * 20 * MILLI, i * 20 * MILLI, true, Bytes.wrap(data)));
        }
        frames.sort((a, b) -> Long.compare(a.dtsNanos(), b.dtsNanos()));
        return frames;
    }

    private static SimulatedViewer viewer(long seed, SimulatedViewer.Path path, List<String> feedback) {
        List<Frame> frames = stream(1, 100);
        return new SimulatedViewer(
                seed,
                path,
                feedback,
                frames.stream().filter(f -> f.track() == VIDEO).findFirst().orElseThrow(),
                frames.stream().filter(f -> f.track() == AUDIO).findFirst().orElseThrow());
    }

    private static long count(List<Frame> frames, Track track) {
        return frames.stream().filter(frame -> frame.track() == track).count();
    }

    /// How late pictures came, in ms; -1 for those that did not.
    private static List<Long> delays(List<Frame> sent, SimulatedViewer viewer) {
        List<Long> delays = new ArrayList<>();
        for (Frame frame : sent) {
            if (frame.track() == VIDEO) {
                Long shown = viewer.shownNanos.get(frame.data());
                delays.add(shown == null ? -1 : (shown - frame.ptsNanos()) / MILLI);
            }
        }
        return delays;
    }

    @Test
    void aGoodPathGetsEveryPictureAtOnce() {
        SimulatedViewer viewer = viewer(1, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(10, 3_000);
        viewer.play(frames, 11 * SECOND);
        assertEquals(count(frames, VIDEO), viewer.pictures.size());
        assertEquals(count(frames, AUDIO), viewer.sounds.size());
        List<Long> delays = delays(frames, viewer).stream().sorted().toList();
        assertTrue(delays.get(delays.size() / 2) <= 40, "median " + delays.get(delays.size() / 2));
        assertEquals(0, viewer.keyframeWishes + viewer.restarts);
    }

    /// GStreamer's `rtpjitterbuffer` drops others, and has sound in its place only with the next ones.
    @Test
    void eachTrackBeginsWithAReportThatIsNotOlderThanItsFirstPacket() {
        SimulatedViewer viewer = viewer(3, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(1, 500);
        Frame picture = frames.stream()
                .filter(frame -> frame.track() == VIDEO)
                .findFirst()
                .orElseThrow();
        Frame sound = frames.stream()
                .filter(frame -> frame.track() == AUDIO)
                .findFirst()
                .orElseThrow();
        // A picture of the past, and sound that does not wait for those behind it.
        viewer.play(List.of(picture, new Frame(AUDIO, 0, 60 * MILLI, true, sound.data())), SECOND / 2);
        for (boolean video : List.of(true, false)) {
            long ssrc = video ? SimulatedViewer.VIDEO_SSRC : SimulatedViewer.AUDIO_SSRC;
            long packet = video ? viewer.firstVideoTimestamp : viewer.firstAudioTimestamp;
            Rtcp.SenderReport report = viewer.reports.stream()
                    .filter(each -> each.ssrc() == ssrc)
                    .findFirst()
                    .orElseThrow();
            assertEquals(0, report.packetCount(), "it comes before it");
            assertTrue((int) (report.rtpTimestamp() - packet) >= 0, "by %d".formatted(report.rtpTimestamp() - packet));
        }
    }

    /// By its own report each track says which wall clock its first frame has: the same one, as both began together.
    @Test
    void reportsPutSoundAndPictureOnOneClock() {
        SimulatedViewer viewer = viewer(2, SimulatedViewer.Path.PERFECT, BROWSER);
        viewer.play(stream(10, 500), 10 * SECOND);
        List<Double> began = new ArrayList<>();
        for (Rtcp.SenderReport report : viewer.reports) {
            boolean picture = report.ssrc() == SimulatedViewer.VIDEO_SSRC;
            long first = picture ? viewer.firstVideoTimestamp : viewer.firstAudioTimestamp;
            double seconds = (report.rtpTimestamp() - first & 0xFFFF_FFFFL) / (picture ? 90_000.0 : 48_000.0);
            began.add(report.ntpNanos() / 1e9 - seconds);
        }
        assertTrue(began.size() >= 16, "reports " + began.size());
        double least = began.stream().mapToDouble(d -> d).min().orElseThrow();
        double most = began.stream().mapToDouble(d -> d).max().orElseThrow();
        assertTrue(most - least < 0.001, began.toString());
    }

    @Test
    void fivePercentLossAtEightyMillisecondsCostsNoPicture() {
        SimulatedViewer.Path path = new SimulatedViewer.Path(1_000_000_000, 10_000_000, 40 * MILLI, 0.05);
        SimulatedViewer viewer = viewer(5, path, BROWSER);
        List<Frame> frames = stream(20, 1_500);
        viewer.play(frames, 20 * SECOND);
        viewer.path = SimulatedViewer.Path.PERFECT;
        viewer.play(List.of(), 23 * SECOND);
        assertTrue(viewer.lostDatagrams > 100, "lost " + viewer.lostDatagrams);
        assertEquals(
                List.of(),
                IntStream.range(0, 20 * FRAMES_PER_SECOND)
                        .filter(i -> delays(frames, viewer).get(i) < 0)
                        .boxed()
                        .toList());
    }

    /// N8: 3 Mbit/s for a path of 1 Mbit/s.
    @Test
    void aNarrowPathGetsTheBeginningsOfGroupsAndAllSound() {
        SimulatedViewer.Path narrow = new SimulatedViewer.Path(1_000_000, 60_000, 40 * MILLI, 0);
        SimulatedViewer viewer = viewer(8, narrow, BROWSER);
        List<Frame> frames = stream(60, 3_000);
        viewer.play(frames, 61 * SECOND);
        List<Long> delays = delays(frames, viewer);
        // After ten seconds the path is known.
        int from = 10 * FRAMES_PER_SECOND;
        long shown =
                delays.subList(from, delays.size()).stream().filter(d -> d >= 0).count();
        long worst = delays.subList(from, delays.size()).stream()
                .mapToLong(d -> d)
                .max()
                .orElseThrow();
        int groups = (delays.size() - from) / GOP;
        assertTrue(shown >= groups, "shown " + shown);
        assertTrue(worst < 1_500, "worst delay " + worst);
        assertTrue(viewer.sounds.size() > 0.97 * count(frames, AUDIO), "sounds " + viewer.sounds.size());
        assertTrue(viewer.lostDatagrams < viewer.sentDatagrams / 20, "lost " + viewer.lostDatagrams);
        // Never a picture behind a missing one of its group.
        for (int group = 0; group < delays.size() / GOP; group++) {
            List<Long> one = delays.subList(group * GOP, (group + 1) * GOP);
            int missing = one.indexOf(-1L);
            assertTrue(missing < 0 || one.subList(missing, GOP).stream().allMatch(d -> d < 0), one.toString());
        }
    }

    @Test
    void aPathThatWidensGetsEverythingAgain() {
        SimulatedViewer.Path narrow = new SimulatedViewer.Path(1_000_000, 60_000, 40 * MILLI, 0);
        SimulatedViewer viewer = viewer(9, narrow, BROWSER);
        List<Frame> frames = stream(60, 3_000);
        viewer.play(frames, 20 * SECOND);
        viewer.path = new SimulatedViewer.Path(10_000_000, 600_000, 40 * MILLI, 0);
        viewer.play(frames, 61 * SECOND);
        List<Long> delays = delays(frames, viewer);

        int last = delays.size() - 10 * FRAMES_PER_SECOND;
        assertTrue(delays.subList(last, delays.size()).stream().allMatch(d -> d >= 0), delays.toString());
    }

    @Test
    void aPathThatFitsIsNotDisturbedByProbes() {
        SimulatedViewer.Path enough = new SimulatedViewer.Path(5_000_000, 300_000, 40 * MILLI, 0);
        SimulatedViewer viewer = viewer(10, enough, BROWSER);
        List<Frame> frames = stream(30, 3_000);
        viewer.play(frames, 31 * SECOND);
        List<Long> delays = delays(frames, viewer);
        assertTrue(delays.stream().allMatch(d -> d >= 0), delays.toString());
        assertTrue(delays.stream().allMatch(d -> d < 500), delays.toString());
    }

    @Test
    void whoNeverAnswersGetsLessAndLessAndCostsNoMemory() {
        SimulatedViewer viewer = viewer(11, SimulatedViewer.Path.PERFECT, BROWSER);
        viewer.silent = true;
        List<Frame> frames = stream(30, 3_000);
        viewer.play(frames, 20 * SECOND);
        long before = viewer.sentBytes;
        viewer.play(frames, 30 * SECOND);
        long kilobits = (viewer.sentBytes - before) * 8 / 10 / 1_000;
        assertTrue(kilobits < 400, kilobits + " kbit/s");
        assertTrue(viewer.keyframeWishes <= 30, "wishes " + viewer.keyframeWishes);
    }

    @Test
    void aPeerWithoutTransportFeedbackLimitsByRemb() {
        SimulatedViewer viewer = viewer(12, SimulatedViewer.Path.PERFECT, List.of("nack", "nack pli", "goog-remb"));
        List<Frame> frames = stream(20, 3_000);
        viewer.play(frames, 5 * SECOND);
        assertEquals(5 * FRAMES_PER_SECOND, viewer.pictures.size(), 3);
        viewer.media.rtcp(Rtcp.write(List.of(new Rtcp.BitrateLimit(9, 0, List.of(1_000L)))), viewer.now);
        viewer.play(frames, 10 * SECOND);
        long before = viewer.sentBytes;
        viewer.play(frames, 20 * SECOND);
        long kilobits = (viewer.sentBytes - before) * 8 / 10 / 1_000;
        assertTrue(kilobits > 0 && kilobits < 400, kilobits + " kbit/s");
    }

    @Test
    void aFloodOfNacksIsAnsweredByNoMoreThanThePathCarries() {
        SimulatedViewer viewer = viewer(13, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(10, 1_000);
        viewer.play(frames, 5 * SECOND);
        List<Integer> all = IntStream.range(0, 65_536).boxed().toList();
        long before = viewer.sentBytes;
        for (int i = 0; i < 200; i++) {
            for (int from = 0; from < 65_536; from += 4_096) {
                viewer.media.rtcp(
                        Rtcp.write(
                                List.of(new Rtcp.Nack(9, SimulatedViewer.VIDEO_SSRC, all.subList(from, from + 4_096)))),
                        viewer.now);
            }
            viewer.play(frames, viewer.now + 5 * MILLI);
        }
        long bits = (viewer.sentBytes - before) * 8;
        assertTrue(bits < 30_000_000, "bits in one second: " + bits);
    }

    @Test
    void feedbackOnWhatWasNeverSentChangesNothing() {
        SimulatedViewer viewer = viewer(14, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(10, 1_000);
        viewer.play(frames, 2 * SECOND);
        List<Integer> deltas = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            deltas.add(i % 2 == 0 ? 255 : Rtcp.TransportFeedback.NOT_RECEIVED);
        }
        for (int i = 0; i < 100; i++) {
            var feedback = new Rtcp.TransportFeedback(9, 1_000, 30_000 + i, i * 7_919, i, deltas);
            viewer.media.rtcp(Rtcp.write(List.of(feedback)), viewer.now);
        }
        viewer.play(frames, 11 * SECOND);
        assertEquals(count(frames, VIDEO), viewer.pictures.size());
    }

    @Test
    void aFloodOfPictureLossesIsHeardOnceASecond() {
        SimulatedViewer viewer = viewer(15, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(10, 1_000);
        viewer.play(frames, SECOND);
        for (int i = 0; i < 1_000; i++) {
            viewer.media.rtcp(Rtcp.write(List.of(new Rtcp.PictureLoss(9, SimulatedViewer.VIDEO_SSRC))), viewer.now);
            viewer.play(frames, viewer.now + 5 * MILLI);
        }
        assertTrue(viewer.restarts >= 1 && viewer.restarts + viewer.keyframeWishes <= 7, "restarts " + viewer.restarts);
    }

    @Test
    void aCodecThatWasNotAgreedOnEndsTheSessionWithAReason() {
        SimulatedViewer viewer = viewer(16, SimulatedViewer.Path.PERFECT, BROWSER);
        List<Frame> frames = stream(1, 1_000);
        viewer.play(frames, SECOND);
        assertEquals(List.of(), viewer.refusals);
        Frame first =
                frames.stream().filter(f -> f.track() == VIDEO).findFirst().orElseThrow();
        Track h264 = new Track(Track.VIDEO, new Codec.H264(List.of(Bytes.ofU8(0x67)), List.of(), 640, 480));
        Frame other = new Frame(h264, 2 * SECOND, 2 * SECOND, true, first.data());
        viewer.media.frame(new FramePackets(other, true, List.of(), 0, 0), Layers.STREAM, viewer.now);
        assertFalse(viewer.refusals.isEmpty());
        assertTrue(viewer.refusals.getFirst().contains("h264"), viewer.refusals.getFirst());
    }
}
