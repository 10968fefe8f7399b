package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.net.URI;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TestServer;
import tapedeck.record.FinishedRecording;

/// Tracks that pause, come late or never, and pictures that change their size: everything stays where it was in time,
/// as the decoded recording shows. Chromium flashes and beeps at each full second of one clock.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class TracksInTimeTest {
    private static final double LIPS_SECONDS = 0.060;
    /// How far apart two flashes may be from whole seconds: a page on a busy machine draws late.
    private static final double STEP_SECONDS = 0.200;

    /// `dtx`: Opus sends nothing in silence; `late`: the sound comes so many milliseconds after the picture.
    private static final String PUBLISH = """
            async ({name, codec, dtx, late}) => {
              const audio = new AudioContext({sampleRate: 48000});
              await audio.resume();
              const tone = audio.createOscillator();
              const gain = audio.createGain();
              const out = audio.createMediaStreamDestination();
              tone.frequency.value = 1000;
              gain.gain.value = 0;
              tone.connect(gain).connect(out);
              tone.start();
              for (let second = 1; second < 120; second++) {
                gain.gain.setValueAtTime(0.8, second);
                gain.gain.setValueAtTime(0, second + 0.1);
              }
              const canvas = document.createElement('canvas');
              canvas.width = 320;
              canvas.height = 240;
              const pen = canvas.getContext('2d');
              setInterval(() => {
                const white = audio.currentTime >= 1 && audio.currentTime % 1 < 0.1;
                pen.fillStyle = white ? '#fff' : '#000';
                pen.fillRect(0, 0, 320, 240);
                pen.fillStyle = '#888';
                pen.fillRect(0, 0, 16 + Math.random() * 16, 16);
              }, 20);
              window.picture = canvas.captureStream(30).getVideoTracks()[0];
              window.sound = out.stream.getAudioTracks()[0];
              const pc = new RTCPeerConnection();
              window.video = pc.addTransceiver(window.picture, {direction: 'sendonly'}).sender;
              window.audio = pc.addTransceiver(late ? 'audio' : window.sound, {direction: 'sendonly'}).sender;
              const wanted = RTCRtpSender.getCapabilities('video').codecs.filter(
                c => c.mimeType === 'video/' + codec || /rtx/.test(c.mimeType));
              pc.getTransceivers()[0].setCodecPreferences(wanted);
              await pc.setLocalDescription(await pc.createOffer());
              const response = await fetch('/whip/' + name, {
                method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: pc.localDescription.sdp});
              if (response.status !== 201) throw new Error(await response.text());
              window.session = response.headers.get('Location');
              let answer = await response.text();
              if (dtx) answer = answer.replace(/(a=fmtp:111 .*)/, '$1;usedtx=1');
              await pc.setRemoteDescription({type: 'answer', sdp: answer});
              while (pc.connectionState !== 'connected') await new Promise(r => setTimeout(r, 20));
              if (late) setTimeout(() => window.audio.replaceTrack(window.sound), late);
            }""";

    @TempDir
    private Path folder;

    private TestServer server;

    @BeforeEach
    void open() throws Exception {
        server = new TestServer(folder.resolve("data"));
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @FunctionalInterface
    private interface Play {
        void with(Page page) throws Exception;
    }

    private Path record(String codec, boolean dtx, int lateMillis, Play play) throws Exception {
        try (Chromium chromium = new Chromium()) {
            Page page = chromium.open(server.httpUrl("/"));
            page.evaluate(PUBLISH, Map.of("name", "cam", "codec", codec, "dtx", dtx, "late", lateMillis));
            play.with(page);
            page.evaluate("fetch(window.session, {method: 'DELETE'})");
            server.awaitRecordingOf("cam");
        }
        Await.await("end", () -> server.server().recordings().active().isEmpty());
        return server.server().recordings().finished().stream()
                .map(FinishedRecording::fileName)
                .max(Comparator.naturalOrder())
                .flatMap(server.server().recordings()::file)
                .orElseThrow();
    }

    /// Lips and sound are together, and whole seconds lie between any two flashes and any two beeps.
    private static FlashAndBeep judge(Path file, int fewestPairs) {
        assertEquals("", Ffmpeg.decodeErrors(file));
        FlashAndBeep measured = FlashAndBeep.measure(file);
        System.out.println(file.getFileName() + ": " + measured);
        assertTrue(measured.beepDelays().size() >= fewestPairs, measured.toString());
        assertEquals(0, measured.medianDelay(), LIPS_SECONDS, measured.toString());
        inStep(measured.flashSeconds());
        inStep(measured.beepSeconds());
        return measured;
    }

    private static void inStep(List<Double> onsets) {
        double before = Double.NEGATIVE_INFINITY;
        for (double onset : onsets) {
            double since = onset - onsets.getFirst();
            if (onset - before < STEP_SECONDS) {
                // A tone that a busy machine interrupted.
                continue;
            }
            before = onset;
            assertEquals(Math.rint(since), since, STEP_SECONDS, onsets.toString());
        }
    }

    /// The longest time between two of them.
    private static double longestPause(List<Double> onsets) {
        double longest = 0;
        for (int i = 1; i < onsets.size(); i++) {
            longest = Math.max(longest, onsets.get(i) - onsets.get(i - 1));
        }
        return longest;
    }

    @ParameterizedTest
    @CsvSource({"H264, audio", "VP8, video"})
    void aTrackThatPausesForTenSecondsKeepsItsPlace(String codec, String which) throws Exception {
        Path file = record(codec, false, 0, page -> {
            page.waitForTimeout(4_000);
            page.evaluate("window.%s.replaceTrack(null)".formatted(which));
            page.waitForTimeout(10_000);
            page.evaluate(
                    "window.%s.replaceTrack(window.%s)".formatted(which, which.equals("audio") ? "sound" : "picture"));
            page.waitForTimeout(5_000);
        });
        FlashAndBeep measured = judge(file, 2);
        List<Double> paused = which.equals("audio") ? measured.beepSeconds() : measured.flashSeconds();
        List<Double> other = which.equals("audio") ? measured.flashSeconds() : measured.beepSeconds();
        assertTrue(longestPause(paused) > 8.5, "it paused: " + measured);
        assertTrue(
                longestPause(other) < 8 && other.getLast() - other.getFirst() > 14, "the other went on: " + measured);
        assertTrue(paused.getLast() > 14, "it came back: " + measured);
    }

    /// The recording does not wait so long for it: with it, the next part begins.
    @Test
    void lateSoundThatStopsInSilenceKeepsItsPlace() throws Exception {
        Path file = record("H264", true, 3_000, page -> page.waitForTimeout(9_000));
        assertTrue(file.toString().contains("_2."), file.toString());
        judge(file, 3);
        long seconds = server.server().recordings().finished().stream()
                .mapToLong(part -> part.durationNanos() / 1_000_000_000)
                .sum();
        assertTrue(seconds >= 7, "both parts together");
    }

    /// It was agreed on, so the recording waits for it, but not for ever, and nothing of the picture is lost.
    @Test
    void aTrackThatNeverComesHoldsNothingBack() throws Exception {
        List<Frame> frames = TestMedia.h264(5);
        try (WhipClient client = new WhipClient(
                URI.create(server.httpUrl("/whip/mute")),
                WhipClient.Options.of(
                        frames.getFirst().track().codec(),
                        TestMedia.opus(1).getFirst().track().codec()))) {
            client.play(frames);
            client.delete();
        }
        Path file = server.awaitRecordingOf("mute");
        assertEquals("", Ffmpeg.decodeErrors(file));
        String probe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=codec_type,nb_read_packets",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text();
        assertEquals("video,%d".formatted(frames.size()), probe.strip());
    }

    /// The picture of an application that is made smaller, or of a browser that lacks bandwidth.
    @ParameterizedTest
    @CsvSource({"vp8-mp4, VP8, 4000", "vp9-webm, VP9, 4000", "h264-mp4, H264, 2000"})
    void aPictureThatChangesItsSizeGoesOnInTheSameFile(String formats, String codec, int millis) throws Exception {
        server.close();
        server = new TestServer(folder.resolve("other"), "record_formats=" + formats);
        Path file = record(codec, false, 0, page -> {
            for (int scale : List.of(1, 2, 1)) {
                page.evaluate("""
                        async scale => {
                          const parameters = window.video.getParameters();
                          parameters.encodings[0].scaleResolutionDownBy = scale;
                          await window.video.setParameters(parameters);
                        }""", scale);
                page.waitForTimeout(millis);
            }
        });
        assertEquals(1, server.server().recordings().finished().size(), "files");
        String sizes = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-select_streams",
                        "v",
                        "-show_entries",
                        "frame=width",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text()
                .replaceAll("[^0-9\\n]", "")
                .replaceAll("(?m)^(\\d+)\\n(\\1\\n)+", "$1\n")
                .strip();
        assertTrue(sizes.contains("320") && sizes.contains("160"), sizes);
        judge(file, 3);
    }
}
