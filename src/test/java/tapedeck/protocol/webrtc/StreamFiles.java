package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Track;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Streams of real peers as files, and whether real players take them.
record StreamFiles(Streams streams, Path folder) {
    /// A file, and how long the stream had been there when it ended.
    record Taken(Path file, double seconds) {}

    /// Takes `seconds` of the stream into a file, as a recorder would, and returns when that is done.
    Taken record(String name, Container container, int seconds, Runnable meanwhile) throws Exception {
        Await.await("stream", () -> {
            meanwhile.run();
            return streams.find(new StreamName(name)).isPresent();
        });
        Stream stream = streams.find(new StreamName(name)).orElseThrow();
        Reader reader =
                stream.subscribe(new ReaderOptions("test", true, true, Long.MAX_VALUE, Long.MAX_VALUE, 0, () -> {}));
        List<Item> items = new ArrayList<>();
        Await.await("both tracks", () -> {
            meanwhile.run();
            return stream.tracks().size() == 2;
        });
        Await.await(seconds + " s of media", () -> {
            meanwhile.run();
            return stream.statistics().mediaNanos() > seconds * 1_000_000_000L;
        });
        reader.drainTo(items);
        double passed = Duration.between(stream.startedAt(), Instant.now()).toMillis() / 1e3;
        Path file = folder.resolve(name + "." + container.extension());
        write(items, container, stream.tracks(), file);
        return new Taken(file, passed);
    }

    /// What a recorder would write.
    static void write(List<Item> items, Container container, List<Track> tracks, Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Muxer muxer = container.muxer(
                        new ChannelOutput(channel), tracks, new MuxerOptions(Instant.now(), 64 * 1024, "test"))) {
            boolean video = false;
            for (Item item : items) {
                if (item instanceof Item.Media media) {
                    video |= media.frame().track().isVideo();
                    // Like a recorder, from the first keyframe on.
                    if (video) {
                        assertTrue(muxer.carries(media.frame().track()), () -> "another " + media.frame());
                        muxer.write(media.frame());
                    }
                } else {
                    throw new AssertionError(item);
                }
            }
            muxer.flush();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            container.finish(channel);
        }
    }

    private record ChannelOutput(FileChannel channel) implements Output {
        @Override
        public void append(List<Bytes> parts) throws IOException {
            channel.position(channel.size());
            for (Bytes part : parts) {
                channel.write(part.asByteBuffer());
            }
        }

        @Override
        public void patch(long position, Bytes bytes) throws IOException {
            channel.write(bytes.asByteBuffer(), position);
        }

        @Override
        public long size() {
            try {
                return channel.size();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// Both the newest and an old ffmpeg decode it, and it is as long as it should be.
    static void assertPlays(Taken taken, String video, String audio) {
        Path file = taken.file();
        assertEquals("", Ffmpeg.decodeErrors(file), "ffmpeg decodes it");
        assertEquals("", decodeErrorsOfOldFfmpeg(file), "ffmpeg 5 decodes it");
        String probe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name:format=duration",
                        "-of",
                        "csv",
                        file.toString())
                .text();
        assertTrue(probe.contains(video) && probe.contains(audio), probe);
        double duration = Double.parseDouble(probe.strip().replaceAll("(?s).*format,", ""));
        assertTrue(Math.abs(duration - taken.seconds()) < 2, probe + " " + taken);
    }

    /// Debian's own.
    private static String decodeErrorsOfOldFfmpeg(Path file) {
        return Ffmpeg.run(List.of(
                        "ffmpeg",
                        "-nostdin",
                        "-v",
                        "error",
                        "-i",
                        file.toString(),
                        "-fps_mode",
                        "passthrough",
                        "-enc_time_base:v",
                        "-1",
                        "-f",
                        "null",
                        "-"))
                .err();
    }
}
