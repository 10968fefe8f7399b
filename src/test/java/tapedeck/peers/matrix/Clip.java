package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
        AV1_OPUS("AV1", "Opus", "filter_units=pass_types=3|4|6"),
        H265_OPUS("H.265", "Opus", "hevc_mp4toannexb,filter_units=pass_types=0-31"),
        H264_MP3("H.264", "MP3", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264_PCMA("H.264", "G.711 A-law", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264_PCMU("H.264", "G.711 µ-law", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264_G722("H.264", "G.722", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264_AC3("H.264", "AC-3", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        H264("H.264", "", "h264_mp4toannexb,filter_units=pass_types=1-5"),
        AAC("", "AAC", "null");

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
                case H264_OPUS, H264_MP3, H264_PCMA, H264_PCMU, H264_G722, H264_AC3, H264 ->
                    List.of("libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-tune", "zerolatency");
                case H265_AAC, H265_OPUS ->
                    List.of("libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=none");
                case VP8_OPUS -> List.of("libvpx", "-deadline", "realtime", "-cpu-used", "8");
                case VP9_OPUS -> List.of("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8");
                case AV1_OPUS -> List.of("libaom-av1", "-usage", "realtime", "-cpu-used", "8");
                case AAC -> List.of();
            };
            List<String> all = new ArrayList<>();
            if (video.isEmpty()) {
                all.add("-vn");
            } else {
                all.add("-c:v");
                all.addAll(video);
                all.addAll(List.of("-g", group, "-keyint_min", group, "-pix_fmt", "yuv420p"));
            }
            all.addAll(soundEncoder());
            return all;
        }

        private List<String> soundEncoder() {
            return switch (this) {
                case H264_AAC, H265_AAC, AAC -> List.of("-c:a", "aac", "-b:a", "64k");
                case H264_OPUS, H265_OPUS, VP8_OPUS, VP9_OPUS, AV1_OPUS -> List.of("-c:a", "libopus", "-b:a", "48k");
                case H264_MP3 -> List.of("-c:a", "libmp3lame", "-b:a", "64k", "-ar", "44100");
                case H264_PCMA -> List.of("-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1");
                case H264_PCMU -> List.of("-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1");
                case H264_G722 -> List.of("-c:a", "g722", "-ar", "16000", "-ac", "1");
                case H264_AC3 -> List.of("-c:a", "ac3", "-b:a", "96k");
                case H264 -> List.of("-an");
            };
        }

        @Override
        public String toString() {
            return video.isEmpty() ? audio + " alone" : audio.isEmpty() ? video + " alone" : video + " + " + audio;
        }
    }

    static Clip make(Path folder, Codecs codecs) throws IOException {
        Path file = folder.resolve(codecs.name() + ".mkv");
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(FlashAndBeep.source("160x90", FRAMES_PER_SECOND, SECONDS)));
        arguments.addAll(codecs.encoders());
        arguments.add(file.toString());
        if (codecs.video.isEmpty() || codecs.audio.isEmpty()) {
            // Both are made, and one is encoded.
            arguments.addAll(arguments.size() - 1, List.of("-map", codecs.video.isEmpty() ? "1:a" : "0:v"));
        }
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

    /// The hashes of those that need no other.
    Set<String> keyframes() throws IOException {
        List<String> flags = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-select_streams",
                        "v:0",
                        "-show_entries",
                        "packet=flags",
                        "-of",
                        "default=nk=1:nw=1",
                        file.toString())
                .text()
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        Set<String> keyframes = new HashSet<>();
        for (int i = 0; i < Math.min(flags.size(), look.pictures().size()); i++) {
            if (flags.get(i).startsWith("K")) {
                keyframes.add(look.pictures().get(i).hash());
            }
        }
        return keyframes;
    }

    /// What is seen and heard from its picture of this number on; of all of it where that is not one flash.
    FlashAndBeep momentsFrom(int picture) {
        double from = look.pictures().get(picture).seconds();
        FlashAndBeep all = look.moments();
        FlashAndBeep later = all.from(from);
        return later.beepDelays().isEmpty() ? all : later;
    }

    /// When its picture of this number is shown, from the first one on.
    double secondsOf(int picture) {
        return look.pictures().get(picture).seconds()
                - look.pictures().getFirst().seconds();
    }
}
