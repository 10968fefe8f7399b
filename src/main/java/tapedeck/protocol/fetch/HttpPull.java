package tapedeck.protocol.fetch;

import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Fetches over HTTP: a transport stream, FLV, a fragmented MP4 or an HLS playlist, told apart by what they begin with.
public final class HttpPull implements PullClient {
    /// So much tells what it is.
    static final int HEAD_BYTES = 188 + 1;

    private static final int READ_BYTES = 64 * 1024;

    @Override
    public Set<String> schemes() {
        return Set.of("http", "https");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.HTTP;
    }

    @Override
    public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        Outlet outlet = new Outlet("pull of " + target, sink);
        try {
            Found found = read(target, outlet);
            if (found != null) {
                new HlsPull(target, outlet).run(found.playlist(), found.where());
            }
        } catch (IOException e) {
            // An interrupt closes the socket.
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw e;
        }
    }

    /// A playlist, and where it came from.
    private record Found(Bytes playlist, RelayTarget where) {}

    /// @return null where it was media, which are read to their end
    private static @Nullable Found read(RelayTarget target, Outlet outlet) throws IOException, InterruptedException {
        try (HttpGet get = HttpGet.open(target, "")) {
            Bytes first = head(get);
            if (first.length() > 7 && first.slice(0, 7).equals(Bytes.ofUtf8("#EXTM3U"))) {
                return new Found(HlsPull.rest(get, first, Playlist.MAX_BYTES), get.target());
            }
            SourceReader reader = SourceReader.of(first, outlet);
            if (reader == null) {
                throw new RelayRefusedException("neither MPEG-TS, FLV, fragmented MP4 nor an HLS playlist" + type(get));
            }
            for (Bytes bytes = first; !bytes.isEmpty(); bytes = get.read(READ_BYTES)) {
                reader.receive(bytes);
                outlet.drain();
            }
            reader.end();
            outlet.drain();
            return null;
        }
    }

    private static String type(HttpGet get) {
        return get.contentType().isEmpty() ? "" : " (" + get.contentType() + ")";
    }

    private static Bytes head(HttpGet get) throws IOException {
        ByteWriter out = new ByteWriter(READ_BYTES);
        while (out.length() < HEAD_BYTES) {
            Bytes bytes = get.read(READ_BYTES);
            if (bytes.isEmpty()) {
                break;
            }
            out.bytes(bytes);
        }
        return out.handOver();
    }
}
