package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;

/// A test picture that flashes and a tone that beeps, encoded once: every way in sends these very packets.
///
/// @param codecs of this clip
/// @param file Matroska
/// @param look at it
record Clip(Codecs codecs, Path file, Look look) {
    static final int SECONDS = 8;
    static final int FRAMES_PER_SECOND = 25;

    /// What publishers send.
    enum Codecs {
        H264_AAC("H.264", "AAC", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264_OPUS("H.264", "Opus", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H265_AAC("H.265", "AAC", "hevc_mp4toannexb,filter_units=pass_types=0-31"),
        VP8_OPUS("VP8", "Opus", "null"),
        VP9_OPUS("VP9", "Opus", "null"),
        AV1_OPUS("AV1", "Opus", "filter_units=pass_types=3|4|6");

        final String video;
        final String audio;
        /// ffmpeg's bitstream filter that leaves nothing but coded pictures: each protocol carries parameter sets and
        /// delimiters in its own way.
        final String coded;

        Codecs(String video, String audio, String coded) {
            this.video = video;
            this.audio = audio;
            this.coded = coded;
        }

        private List<String> encoders() {
            String group = Integer.toString(FRAMES_PER_SECOND);
            List<String> video = switch (this) {
                // Pictures out of order, which WebRTC does not have.
                case H264_AAC -> List.of("libx264", "-preset", "veryfast", "-bf", "2", "-sc_threshold", "0");
                case H264_OPUS ->
                    List.of("libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-tune", "zerolatency");
                case H265_AAC -> List.of("libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=none");
                case VP8_OPUS -> List.of("libvpx", "-deadline", "realtime", "-cpu-used", "8");
                case VP9_OPUS -> List.of("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8");
                case AV1_OPUS -> List.of("libaom-av1", "-usage", "realtime", "-cpu-used", "8");
            };
            List<String> all = new ArrayList<>(List.of("-c:v"));
            all.addAll(video);
            all.addAll(List.of("-g", group, "-keyint_min", group, "-pix_fmt", "yuv420p"));
            all.addAll(
                    audio.equals("AAC")
                            ? List.of("-c:a", "aac", "-b:a", "64k")
                            : List.of("-c:a", "libopus", "-b:a", "48k"));
            return all;
        }

        @Override
        public String toString() {
            return video + " + " + audio;
        }
    }

    static Clip make(Path folder, Codecs codecs) throws IOException {
        Path file = folder.resolve(codecs.name() + ".mkv");
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(FlashAndBeep.source("160x90", FRAMES_PER_SECOND, SECONDS)));
        arguments.addAll(codecs.encoders());
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return of(codecs, file);
    }

    /// What somebody else made.
    static Clip of(Codecs codecs, Path file) throws IOException {
        return new Clip(codecs, file, Look.at(file, codecs));
    }

    List<String> hashes() {
        return hashes(look);
    }

    static List<String> hashes(Look look) {
        return look.pictures().stream().map(Look.Picture::hash).toList();
    }

    /// What is seen and heard from its picture of this number on; of all of it where that is not one flash.
    FlashAndBeep momentsFrom(int picture) {
        double from = look.pictures().get(picture).seconds();
        FlashAndBeep all = look.moments();
        FlashAndBeep later = new FlashAndBeep(
                all.flashSeconds().stream().filter(flash -> flash >= from).toList(), all.beepSeconds());
        return later.beepDelays().isEmpty() ? all : later;
    }

    /// When its picture of this number is shown, from the first one on.
    double secondsOf(int picture) {
        return look.pictures().get(picture).seconds()
                - look.pictures().getFirst().seconds();
    }
}
