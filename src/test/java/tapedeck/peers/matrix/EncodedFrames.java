package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.PiecesOutput;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a browser got by WebRTC, before it was decoded: each frame behind its RTP time and its length, 32 bits each.
/// Written to what ffmpeg reads.
///
/// @param times of the RTP clock, from the first frame on
record EncodedFrames(List<Long> times, List<Bytes> frames) {
    private static final int IVF_HEADER_BYTES = 32;
    private static final int IVF_FRAME_BYTES = 12;
    private static final int PICTURE_CLOCK_HZ = 90_000;
    private static final long OPUS_TICK_NANOS = 1_000_000_000L / 48_000;

    static EncodedFrames read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file));
        List<Long> times = new ArrayList<>();
        List<Bytes> frames = new ArrayList<>();
        int first = 0;
        while (all.hasRemaining()) {
            int time = all.getInt();
            byte[] data = new byte[all.getInt()];
            all.get(data);
            first = frames.isEmpty() ? time : first;
            // 32 bits that wrap.
            long since = time - first;
            if (!times.isEmpty() && since < times.getLast()) {
                // A decoder that came late had the group of pictures sent again: it begins with that.
                times.clear();
                frames.clear();
                first = time;
                since = 0;
            }
            times.add(since);
            frames.add(Bytes.wrap(data));
        }
        return new EncodedFrames(times, frames);
    }

    /// ffmpeg's options for the file, and the file.
    List<String> pictures(String codec, Path file) throws IOException {
        String fourCc = switch (codec) {
            case "VP8" -> "VP80";
            case "VP9" -> "VP90";
            case "AV1" -> "AV01";
            // Annex B, which has no times.
            case "H.264" -> "";
            default -> throw new IllegalArgumentException(codec);
        };
        Files.write(file, fourCc.isEmpty() ? joined() : ivf(fourCc));
        return fourCc.isEmpty()
                ? List.of("-f", "h264", "-framerate", "25", "-i", file.toString())
                : List.of("-f", "ivf", "-i", file.toString());
    }

    List<String> sounds(String codec, Path file) throws IOException {
        return switch (codec) {
            case "Opus" -> {
                Files.write(file, opus());
                yield List.of("-f", "matroska", "-i", file.toString());
            }
            case "G.711 A-law" -> g711("alaw", file);
            case "G.711 µ-law" -> g711("mulaw", file);
            default -> throw new IllegalArgumentException(codec);
        };
    }

    private List<String> g711(String format, Path file) throws IOException {
        Files.write(file, joined());
        return List.of("-f", format, "-ar", "8000", "-ac", "1", "-i", file.toString());
    }

    private byte[] joined() {
        return together(frames);
    }

    private static byte[] together(List<Bytes> parts) {
        ByteBuffer all =
                ByteBuffer.allocate(parts.stream().mapToInt(Bytes::length).sum());
        parts.forEach(part -> all.put(part.toByteArray()));
        return all.array();
    }

    private byte[] ivf(String fourCc) {
        int bytes = frames.stream().mapToInt(Bytes::length).sum();
        ByteBuffer out = ByteBuffer.allocate(IVF_HEADER_BYTES + frames.size() * IVF_FRAME_BYTES + bytes)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put(("DKIF\0\0 \0" + fourCc).getBytes(StandardCharsets.ISO_8859_1));
        out.putInt(16, PICTURE_CLOCK_HZ).putInt(20, 1).position(IVF_HEADER_BYTES);
        for (int i = 0; i < frames.size(); i++) {
            out.putInt(frames.get(i).length()).putLong(times.get(i));
            out.put(frames.get(i).toByteArray());
        }
        return out.array();
    }

    private byte[] opus() throws IOException {
        PiecesOutput written = new PiecesOutput();
        Track track = new Track(Track.AUDIO, new Codec.Opus(2, 0));
        Muxer muxer = Container.MKV.muxer(written, List.of(track), new MuxerOptions(Instant.EPOCH, 0, ""));
        for (int i = 0; i < frames.size(); i++) {
            long nanos = times.get(i) * OPUS_TICK_NANOS;
            muxer.write(new Frame(track, nanos, nanos, true, frames.get(i)));
        }
        muxer.flush();
        return together(written.take());
    }
}
