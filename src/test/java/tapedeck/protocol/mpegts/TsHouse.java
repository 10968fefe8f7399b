package tapedeck.protocol.mpegts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.Await;
import tapedeck.peers.FlvFile;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// A server for transport streams, and nothing else, on a free port.
final class TsHouse implements AutoCloseable {
    final Streams streams = new Streams();
    final EventLoops loops = new EventLoops(2);
    final MpegTsServer server;
    private final Rights rights;

    TsHouse(String... settings) throws Exception {
        this(ByteBudget.UNLIMITED, settings);
    }

    TsHouse(ByteBudget budget, String... settings) throws Exception {
        Settings all = SettingsSource.read(Path.of("none"), Map.of(), List.of(settings));
        rights = new Rights(all.rights(), TrustedProxies.NONE);
        server = new MpegTsServer(0, all.ingest(), rights, loops, streams, new BoundPorts(), budget);
    }

    int port() {
        return server.port();
    }

    Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress("127.0.0.1", port()), Await.DEADLINE_MILLIS);
        socket.setSoTimeout(Await.DEADLINE_MILLIS);
        return socket;
    }

    @Override
    public void close() {
        server.close();
        rights.close();
        loops.close();
    }

    /// That these are the frames of the file that was sent, of each kind, byte for byte and at their times.
    static void assertSame(List<FlvFile.Tag> media, List<Frame> received) {
        for (boolean video : new boolean[] {true, false}) {
            List<FlvFile.Tag> sent =
                    media.stream().filter(tag -> tag.video() == video).toList();
            List<Frame> frames = received.stream()
                    .filter(frame -> frame.track().isVideo() == video)
                    .toList();
            for (int i = 0; i < Math.min(sent.size(), frames.size()); i++) {
                String what = (video ? "picture " : "sound ") + i;
                assertEquals(sent.get(i).data(), frames.get(i).data(), what);
                assertEquals(sent.get(i).keyframe(), frames.get(i).keyframe(), what);
                // From the first of its kind on: 90 kHz beside milliseconds.
                int millis = sent.get(i).timestampMillis() - sent.getFirst().timestampMillis();
                assertEquals(
                        millis, (frames.get(i).dtsNanos() - frames.getFirst().dtsNanos()) / 1e6, 1.1, what);
                assertEquals(
                        sent.get(i).compositionMillis(),
                        (frames.get(i).ptsNanos() - frames.get(i).dtsNanos()) / 1e6,
                        1.1,
                        what);
            }
            assertEquals(sent.size(), frames.size(), video ? "pictures" : "sounds");
        }
    }
}
