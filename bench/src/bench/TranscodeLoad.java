package bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tapedeck.Server;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.codec.opus.OpusHead;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// A whole server whose streams are published from inside at the speed of their stamps: what arrives over the network is
/// measured by `bench/ingest`, here it is what becomes of the sound.
final class TranscodeLoad {
    private static final long TICK_NANOS = 20_000_000L;

    public static void main(String[] arguments) throws Exception {
        long endNanos = Integer.parseInt(arguments[2]) * 1_000_000_000L;
        List<Frame> frames = frames(Path.of(arguments[0])).stream()
                .filter(frame -> frame.ptsNanos() < endNanos)
                .toList();
        int streams = Integer.parseInt(arguments[1]);
        Path folder = Path.of(arguments[3]);
        List<String> settings = List.of(
                "data_dir=" + folder,
                "http_port=0",
                "https_port=",
                "ws_port=",
                "rtmp_port=",
                "rtsp_port=",
                "cli_port=",
                "rtmps_port=",
                "mpegts_port=",
                "liveflv_port=",
                "webrtc_port=",
                "record_flash_published_streams=true",
                "stream_record_policy_template={streamName}",
                "on_record_hook_script=");
        try (Server server = Server.open(SettingsSource.read(folder.resolve("none"), Map.of(), settings))) {
            List<Publication> publications = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                Publisher publisher = new Publisher(
                        Publisher.Protocol.RTMP,
                        "127.0.0.1:1",
                        "session/" + i,
                        "bench",
                        Publisher.RecordWish.YES,
                        Publisher.Expects.AUDIO);
                publications.add(server.streams()
                        .publish(new StreamName(Integer.toString(i)), publisher, Feedback.NONE));
            }
            pace(frames, publications);
            publications.forEach(Publication::close);
        }
    }

    /// Each stream a little later than the one before, as they come in life.
    private static void pace(List<Frame> frames, List<Publication> publications) throws InterruptedException {
        int[] next = new int[publications.size()];
        long startNanos = System.nanoTime();
        int done = 0;
        while (done < publications.size()) {
            long nanos = System.nanoTime() - startNanos;
            for (int i = 0; i < next.length; i++) {
                long own = nanos - i * 1_000_000_000L / next.length;
                while (next[i] < frames.size() && frames.get(next[i]).ptsNanos() <= own) {
                    publications.get(i).write(frames.get(next[i]++));
                    done += next[i] == frames.size() ? 1 : 0;
                }
            }
            TimeUnit.NANOSECONDS.sleep(TICK_NANOS);
        }
    }

    /// The packets of an Ogg file: RFC 3533 pages of RFC 7845 packets.
    private static List<Frame> frames(Path file) throws Exception {
        List<Bytes> packets = new ArrayList<>();
        ByteReader in = Bytes.wrap(Files.readAllBytes(file)).reader();
        byte[] packet = {};
        while (in.hasRemaining()) {
            in.skip(26);
            Bytes lacing = in.take(in.u8());
            for (int i = 0; i < lacing.length(); i++) {
                Bytes part = in.take(lacing.u8(i));
                int at = packet.length;
                packet = Arrays.copyOf(packet, at + part.length());
                part.copyTo(0, packet, at, part.length());
                if (lacing.u8(i) < 255) {
                    packets.add(Bytes.wrap(packet));
                    packet = new byte[0];
                }
            }
        }
        Track track = new Track(Track.AUDIO, OpusHead.parse(packets.getFirst()).codec());
        List<Frame> frames = new ArrayList<>();
        long nanos = 0;
        for (Bytes data : packets.subList(2, packets.size())) {
            frames.add(new Frame(track, nanos, nanos, true, data));
            nanos += OpusPacket.durationNanos(data);
        }
        return frames;
    }
}
