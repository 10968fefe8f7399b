package tapedeck.faults;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;
import tapedeck.peers.Relay;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.TestMedia;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;

/// A real server in its own process, a bad network in front of its WebRTC port, and peers that come through it.
final class NetworkScene implements AutoCloseable {
    /// One keyframe a round: any other has to be asked for.
    static final int FEED_SECONDS = 10;

    private static final int KBIT_PER_SECOND = 800;
    /// What was lost last may still be asked for.
    private static final long SETTLE_MILLIS = 2_000;

    final ServerProcess server;
    final Relay relay;
    final Fleet fleet = new Fleet();
    private final Path data;

    NetworkScene(Trial trial, String folder, String... settings) throws Exception {
        this(trial, folder, ServerProcess.Launch.PLAIN, settings);
    }

    private NetworkScene(Trial trial, String folder, ServerProcess.Launch launch, String... settings) throws Exception {
        data = trial.folder(folder);
        server = new ServerProcess(launch, data, Scene.recording(settings));
        relay = new Relay(server.port("WebRTC"), trial.random().nextLong());
    }

    /// With the JVM's flags of `./run`, where CPU, memory or pauses are measured; with BENCH_REALTIME=1 ahead of all
    /// else that this machine does, as in `bench/webrtc`.
    static NetworkScene asUsersRunIt(Trial trial, String folder, String... moreFlags) throws Exception {
        List<String> flags = new ArrayList<>(List.of("-XX:TieredStopAtLevel=4"));
        Files.readAllLines(Path.of("conf", "jvm.options")).stream()
                .filter(line -> line.startsWith("-X"))
                .forEach(flags::add);
        flags.addAll(List.of(moreFlags));
        List<String> ahead = System.getenv("BENCH_REALTIME") == null ? List.of() : List.of("chrt", "-r", "1");
        return new NetworkScene(
                trial, folder, new ServerProcess.Launch(ahead, Map.of(), flags), "record_mp4_audio=copy");
    }

    static Feed h264() {
        return video(TestMedia.noise("libx264", FEED_SECONDS, KBIT_PER_SECOND, FEED_SECONDS));
    }

    static Feed vp8() {
        return video(TestMedia.noise("libvpx", FEED_SECONDS, KBIT_PER_SECOND, FEED_SECONDS));
    }

    static Feed opus() {
        long span = TimeUnit.SECONDS.toNanos(FEED_SECONDS);
        return Feed.of(
                TestMedia.opus(FEED_SECONDS).stream()
                        .filter(frame -> frame.ptsNanos() < span)
                        .toList(),
                span);
    }

    private static Feed video(List<Frame> frames) {
        return Feed.of(frames, TimeUnit.SECONDS.toNanos(FEED_SECONDS));
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:%d%s".formatted(server.port("HTTP"), path));
    }

    Publisher publish(String name, Feed... feeds) throws Exception {
        return publish(name, Fleet.Options.PLAIN.through(relay::rewrite), feeds);
    }

    Publisher publish(String name, Fleet.Options options, Feed... feeds) throws Exception {
        return fleet.publish(uri("/whip/" + name), List.of(feeds), options);
    }

    /// Ends the stream as an encoder does, when all that was sent has had its time to arrive.
    void end(Publisher publisher) throws Exception {
        publisher.end();
        publisher.awaitEnd();
        Scene.run(SETTLE_MILLIS);
        publisher.delete();
    }

    /// The finished recording of this stream, which has to be one file.
    Path recording(String name) throws Exception {
        Path records = data.resolve("records");
        Scene.await("the recording of " + name, () -> recordings(records, name).size() == 1);
        return recordings(records, name).getFirst();
    }

    /// All finished recordings of this stream, in order.
    List<Path> recordings(String name) throws Exception {
        return recordings(data.resolve("records"), name);
    }

    /// Of its recordings, the growing one included.
    long recordedBytes(String name) throws Exception {
        long bytes = 0;
        try (var files = Files.walk(data)) {
            for (Path file : files.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().matches("\\.?" + name + "([-_.].*)?"))
                    .toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    private static List<Path> recordings(Path records, String name) throws Exception {
        if (!Files.isDirectory(records)) {
            return List.of();
        }
        try (var files = Files.list(records)) {
            return files.filter(file -> file.getFileName().toString().matches(name + "([-_.].*)?\\.(mp4|webm|mkv|ts)"))
                    .sorted()
                    .toList();
        }
    }

    @Override
    public void close() throws Exception {
        fleet.close();
        relay.close();
        server.close();
    }
}
