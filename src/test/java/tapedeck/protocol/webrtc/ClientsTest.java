package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.container.Container;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.StreamName;

/// Programs that are no browsers publish and watch.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class ClientsTest {
    private static final int SECONDS = 4;
    private static final int DEADLINE_SECONDS = 60;
    private static final Pattern DECODED = Pattern.compile("decoded: audio (\\d+) video (\\d+)");

    private WebRtcHouse house;
    private StreamFiles files;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        files = new StreamFiles(house.streams, folder);
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// README's command for it. The pictures are coded small: this is about the way, not about the encoder.
    private static Process ffmpegPublishes(String url) throws IOException {
        List<String> arguments = new ArrayList<>();
        for (String source : List.of("testsrc=s=320x240:r=30", "sine=frequency=440:sample_rate=48000")) {
            arguments.addAll(List.of("-re", "-f", "lavfi", "-i", source));
        }
        arguments.addAll(List.of("-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", "baseline"));
        arguments.addAll(List.of("-tune", "zerolatency", "-g", "30", "-c:a", "libopus", "-ac", "2", "-f", "whip"));
        arguments.add(url);
        return Ffmpeg.start(arguments.toArray(String[]::new));
    }

    @Test
    void ffmpegPublishesAsThePassiveSideOfDtls() throws Exception {
        Process ffmpeg = ffmpegPublishes(house.whip("ffmpeg").toString());
        try {
            StreamFiles.Taken taken = files.record("ffmpeg", Container.MKV, SECONDS, () -> {});
            StreamFiles.assertPlays(taken, "h264", "opus");
        } finally {
            ffmpeg.destroy();
        }
        // It deletes its session when it is told to end.
        assertTrue(ffmpeg.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS));
        Await.await("end of stream", () -> house.streams.all().isEmpty());
    }

    private static Process webrtcbin(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("timeout", "60", "bin/webrtcbin.py"));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String encoder(String codec) {
        String encoder = switch (codec) {
            case "H264" ->
                "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! rtph264pay config-interval=-1";
            case "H265" ->
                "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! rtph265pay config-interval=-1";
            case "VP8" -> "vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay picture-id-mode=15-bit";
            case "VP9" -> "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! rtpvp9pay picture-id-mode=15-bit";
            case "OPUS" -> "opusenc ! rtpopuspay";
            case "PCMU" -> "mulawenc ! rtppcmupay";
            case "PCMA" -> "alawenc ! rtppcmapay";
            case "G722" -> "avenc_g722 ! rtpg722pay";
            default -> throw new IllegalArgumentException(codec);
        };
        boolean video = codec.matches("H.*|VP.");
        int number = switch (codec) {
            case "PCMU" -> 0;
            case "PCMA" -> 8;
            case "G722" -> 9;
            default -> video ? 96 : 97;
        };
        return "%s ! application/x-rtp,media=%s,encoding-name=%s,payload=%d ! webrtc."
                .formatted(encoder, video ? "video" : "audio", codec, number);
    }

    /// G.722 is no codec that a Matroska file has.
    @ParameterizedTest
    @CsvSource({"H264,OPUS,h264,opus,MKV", "H265,PCMU,hevc,pcm_mulaw,MKV", "VP9,PCMA,vp9,pcm_alaw,MKV", "VP8,G722,,,"})
    void gstreamerPublishesAndWatches(
            String video, String audio, String videoName, String audioName, Container container) throws Exception {
        String pipeline =
                "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! %s "
                                .formatted(encoder(video))
                        + "audiotestsrc is-live=true ! audioconvert ! audioresample ! %s".formatted(encoder(audio));
        Process publisher = webrtcbin(List.of("publish", house.whip("gst").toString(), pipeline));
        try {
            Await.await(
                    "stream", () -> house.streams.find(new StreamName("gst")).isPresent());
            String whep = house.whip("gst").toString().replace("/whip/", "/whep/");
            Process player = webrtcbin(List.of("play", whep, video, audio));
            try {
                if (container != null) {
                    StreamFiles.Taken taken = files.record("gst", container, SECONDS, () -> {});
                    StreamFiles.assertPlays(taken, videoName, audioName);
                }
                assertTrue(plays(player), "decoded pictures and sound");
            } finally {
                player.destroy();
            }
        } finally {
            publisher.destroy();
        }
        assertTrue(publisher.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS));
        Await.await("end of stream", () -> house.streams.all().isEmpty());
        assertEquals(0, house.streams.all().size());
    }

    /// Whether it says that it has decoded a second of pictures, and sound. Its own deadline ends it.
    private static boolean plays(Process player) throws IOException {
        for (String line = player.inputReader().readLine();
                line != null;
                line = player.inputReader().readLine()) {
            Matcher decoded = DECODED.matcher(line);
            if (decoded.matches()
                    && Integer.parseInt(decoded.group(1)) > 5
                    && Integer.parseInt(decoded.group(2)) > 30) {
                return true;
            }
        }
        return false;
    }
}
