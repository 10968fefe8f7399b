package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What ffmpeg publishes over RTMP with sound that is not AAC: an MP4 with AAC whose lips are in sync, measured on what
/// real readers decode.
@Tag("peer")
class SoundToFileTest {
    private static final int SECONDS = 8;
    private static final double LIPS_TOLERANCE_SECONDS = 0.040;

    /// Name of the stream → ffmpeg's encoder, sample rate and channels.
    private static final Map<String, List<String>> SOUNDS = Map.of(
            "mp3", List.of("libmp3lame", "44100", "2"),
            "alaw", List.of("pcm_alaw", "8000", "1"),
            "mulaw", List.of("pcm_mulaw", "8000", "1"));

    @TempDir
    Path folder;

    @Test
    void soundOfRtmpBecomesAacInSync() throws Exception {
        try (TestServer server = new TestServer(folder.resolve("data"))) {
            List<Process> publishers = new ArrayList<>();
            for (Map.Entry<String, List<String>> sound : SOUNDS.entrySet()) {
                List<String> arguments = new ArrayList<>(List.of("-re"));
                String[] source = FlashAndBeep.source("320x180", 30, SECONDS);
                arguments.addAll(List.of(source));
                arguments.addAll(List.of("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30"));
                List<String> audio = sound.getValue();
                arguments.addAll(List.of("-c:a", audio.get(0), "-ar", audio.get(1), "-ac", audio.get(2)));
                arguments.addAll(List.of("-f", "flv", server.rtmpUrl(sound.getKey())));
                publishers.add(Ffmpeg.start(arguments.toArray(String[]::new)));
            }
            for (Process publisher : publishers) {
                assertEquals(0, publisher.waitFor());
            }
            for (String name : SOUNDS.keySet()) {
                judge(server.awaitRecording(name + ".mp4"));
            }
        }
    }

    private static void judge(Path file) {
        String probe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name,sample_rate,channels",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text();
        assertTrue(probe.contains("aac,44100,2"), probe);
        assertEquals("", Ffmpeg.decodeErrors(file));
        Ffmpeg.Result second = Ffmpeg.run(List.of("mkvmerge", "-J", file.toString()));
        assertEquals(0, second.exitCode(), second.text());
        FlashAndBeep measured = FlashAndBeep.measure(file);
        System.out.printf("%s: beep after flash by %.0f ms%n", file.getFileName(), measured.medianDelay() * 1000);
        assertTrue(measured.beepDelays().size() >= SECONDS - 2, measured.toString());
        for (double delay : measured.beepDelays()) {
            assertEquals(0, delay, LIPS_TOLERANCE_SECONDS, measured.toString());
        }
    }
}
