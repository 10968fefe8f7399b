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

    /// A source that sends bytes, but no frame for so long, is given up.
    static final long SILENT_NANOS = 10_000_000_000L;

    private static final int READ_BYTES = 64 * 1024;

    private final long silentNanos;

    public HttpPull() {
        this(SILENT_NANOS);
    }

    HttpPull(long silentNanos) {
        this.silentNanos = silentNanos;
    }

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
    private @Nullable Found read(RelayTarget target, Outlet outlet) throws IOException, InterruptedException {
        try (HttpGet get = HttpGet.open(target, "")) {
            Bytes first = head(get);
            if (first.length() > 7 && first.slice(0, 7).equals(Bytes.ofUtf8("#EXTM3U"))) {
                return new Found(HlsPull.rest(get, first, Playlist.MAX_BYTES), get.target());
            }
            SourceReader reader = SourceReader.of(first, outlet);
            if (reader == null) {
                throw new RelayRefusedException("neither MPEG-TS, FLV, fragmented MP4 nor an HLS playlist" + type(get));
            }
            long heardNanos = System.nanoTime();
            for (Bytes bytes = first; !bytes.isEmpty(); bytes = get.read(READ_BYTES)) {
                long before = outlet.frames();
                reader.receive(bytes);
                outlet.drain();
                if (outlet.frames() > before) {
                    heardNanos = System.nanoTime();
                }
                demandSince(heardNanos);
            }
            reader.end();
            outlet.drain();
            return null;
        }
    }

    private static String type(HttpGet get) {
        return get.contentType().isEmpty() ? "" : " (" + get.contentType() + ")";
    }

    private void demandSince(long heardNanos) throws IOException {
        if (System.nanoTime() - heardNanos > silentNanos) {
            throw new IOException(
                    "HTTP: bytes, but no picture and no sound, for %d ms".formatted(silentNanos / 1_000_000));
        }
    }

    private Bytes head(HttpGet get) throws IOException {
        long begunNanos = System.nanoTime();
        ByteWriter out = new ByteWriter(READ_BYTES);
        while (out.length() < HEAD_BYTES) {
            Bytes bytes = get.read(READ_BYTES);
            if (bytes.isEmpty()) {
                break;
            }
            out.bytes(bytes);
            demandSince(begunNanos);
        }
        return out.handOver();
    }
}
