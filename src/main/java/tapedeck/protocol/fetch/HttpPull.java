package tapedeck.protocol.fetch;

import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Fetches over HTTP: a transport stream, FLV, MP4, Matroska or an HLS playlist, told apart by what they begin with.
///
/// Where the server answers ranges it is a file, which can be paused and moved within, and begun again with the option
/// `loop`; so it is with a playlist that is finished. Else it is live, and MP4 has to be fragmented.
public final class HttpPull implements PullClient {
    /// So much tells what it is.
    static final int HEAD_BYTES = 188 + 1;

    /// A source that sends bytes, but no frame for so long, is given up.
    static final long SILENT_NANOS = 10_000_000_000L;

    private static final int READ_BYTES = 64 * 1024;

    /// A file is sent as this range, and what is live as it would be without.
    private static final String ALL = "bytes=0-";

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
            Found found = read(target, outlet, sink);
            if (found != null) {
                new HlsPull(target, outlet).run(found.playlist(), found.where(), sink);
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
    private @Nullable Found read(RelayTarget target, Outlet outlet, PullSink sink)
            throws IOException, InterruptedException {
        try (HttpGet get = HttpGet.open(target, ALL)) {
            Bytes first = head(get);
            if (first.length() > 7 && first.slice(0, 7).equals(Bytes.ofUtf8("#EXTM3U"))) {
                return new Found(HlsPull.rest(get, first, Playlist.MAX_BYTES), get.target());
            }
            SourceReader reader = SourceReader.of(first, outlet);
            if (reader == null) {
                throw new RelayRefusedException("neither MPEG-TS, FLV, MP4, Matroska nor an HLS playlist" + type(get));
            }
            HttpBytes stored = HttpBytes.of(target, get, first);
            if (stored == null) {
                if (FilePull.loops(target)) {
                    throw FilePull.refused("loop: the server does not answer ranges, so this cannot be begun again");
                }
                live(get, first, reader, outlet);
                return null;
            }
            try (stored) {
                sink.controls(outlet.playhead());
                new FilePlay(stored, FilePlay.Place.ELSEWHERE, outlet).run(FilePull.loops(target));
            }
            return null;
        }
    }

    /// As it comes, to its end.
    private void live(HttpGet get, Bytes first, SourceReader reader, Outlet outlet)
            throws IOException, InterruptedException {
        try {
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
        } catch (MalformedException e) {
            if (reader instanceof Mp4Source mp4 && mp4.isIndexed()) {
                throw new RelayRefusedException("this MP4 has its index in one place: the server has to answer ranges"
                        + " (RFC 9110 14), or the file has to be fragmented");
            }
            throw e;
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
